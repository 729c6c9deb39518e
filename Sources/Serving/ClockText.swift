import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The time as the `date` header says it (RFC 9110, section 5.6.7), written at most once a second.
final class ClockText: Sendable {
    private struct Written {
        var second = -1
        var text = ""
    }

    private let last = Mutex(Written())

    /// For example `Sat, 28 Nov 2026 09:44:53 GMT`.
    ///
    /// - Parameter second: Since 1970.
    func text(at second: Int = time(nil)) -> String {
        last.withLock { last in
            if last.second != second { last = Written(second: second, text: Self.written(second)) }
            return last.text
        }
    }

    private static func written(_ second: Int) -> String {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        return String(unsafeUninitializedCapacity: 64) { bytes in
            // Without a call of setlocale, names are English.
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { strftime($0, 64, "%a, %d %b %Y %H:%M:%S GMT", &parts) } ?? 0
            }
        }
    }
}
