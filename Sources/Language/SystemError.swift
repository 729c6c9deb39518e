#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system's message for an error number.
package enum SystemError {
    /// `Permission denied`; where the open-file limit is reached, which limit that is and how to raise it.
    package static func text(_ number: Int32) -> String {
        if number == EMFILE { return OpenFileLimit.reason + "; `ulimit -n` raises the limit" }
        guard let text = strerror(number) else { return "error \(number)" }
        return String(cString: text)
    }
}
