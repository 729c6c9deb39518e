#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A text encoding, by the name in a `content-type`; converts chunk by chunk to UTF-8.
package struct Charset: ~Copyable {
    private let converter: iconv_t
    /// The first bytes of a character that is not complete yet.
    private var pending: [UInt8] = []

    /// nil when the system does not support it.
    package init?(_ name: String) {
        // What the name of a charset can consist of (RFC 2978), without what iconv reads as instructions.
        guard !name.isEmpty, name.utf8.allSatisfy({ Self.isAllowed($0) }) else { return nil }
        // As browsers do: text labelled Latin-1 is mostly Windows-1252, which has more characters.
        let isLatin1 = ["iso-8859-1", "latin1", "iso8859-1", "iso_8859-1"].contains(name.lowercased())
        guard let converter = iconv_open("UTF-8", isLatin1 ? "WINDOWS-1252" : name),
            converter != iconv_t(bitPattern: -1)
        else { return nil }
        self.converter = converter
    }

    deinit {
        iconv_close(converter)
    }

    /// The charset of a `content-type`; nil when there is none, or when UTF-8 includes it.
    ///
    ///     text/plain; charset="ISO-8859-1"   →  ISO-8859-1
    package static func name(in contentType: String?) -> String? {
        for parameter in (contentType ?? "").split(separator: ";").dropFirst() {
            let parts = parameter.split(separator: "=", maxSplits: 1).map { part in
                String(part.filter { $0 != " " && $0 != "\t" && $0 != "\"" })
            }
            guard parts.count == 2, parts[0].lowercased() == "charset" else { continue }
            return ["utf-8", "utf8", "us-ascii", "ascii", ""].contains(parts[1].lowercased()) ? nil : parts[1]
        }
        return nil
    }

    /// Converts the next chunk of a text to UTF-8; invalid bytes become U+FFFD.
    /// - Parameter isLast: Whether nothing comes after it.
    package mutating func utf8(_ bytes: some Sequence<UInt8>, isLast: Bool) -> [UInt8] {
        var input = pending.map { CChar(bitPattern: $0) } + bytes.map { CChar(bitPattern: $0) }
        var output: [UInt8] = []
        var place = 0
        convert: while place < input.count {
            switch step(&input, &place, &output) {
            case 0, E2BIG: continue
            case EINVAL where !isLast: break convert
            case _:
                output += [0xEF, 0xBF, 0xBD]
                place += 1
            }
        }
        pending = input[place...].map { UInt8(bitPattern: $0) }
        return output
    }

    /// Converts as much as fits into a buffer.
    /// - Returns: 0, or the error number that iconv stopped with.
    private func step(_ input: inout [CChar], _ place: inout Int, _ output: inout [UInt8]) -> Int32 {
        var buffer = [CChar](repeating: 0, count: 16_384)
        var (read, written, failure) = (0, 0, Int32(0))
        input.withUnsafeMutableBufferPointer { input in
            buffer.withUnsafeMutableBufferPointer { buffer in
                var (from, to) = (input.baseAddress.map { $0 + place }, buffer.baseAddress)
                var (left, room) = (input.count - place, buffer.count)
                if iconv(converter, &from, &left, &to, &room) == -1 { failure = errno }
                read = input.count - place - left
                written = buffer.count - room
            }
        }
        place += read
        output += buffer[..<written].map { UInt8(bitPattern: $0) }
        return failure
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch UInt8(ascii: "a") <= byte | 0x20 && byte | 0x20 <= UInt8(ascii: "z") {
        case true: true
        case false: "0123456789-_.:+".utf8.contains(byte)
        }
    }
}
