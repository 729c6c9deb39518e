import Glibc

/// The end of a log, where a crash gives its reason.
enum LogTail {
    /// The last lines that are not empty, without colours; at most 64 KiB of the file are read.
    static func lastLines(_ count: Int, ofFile path: String) -> String {
        lastLines(count, of: String(decoding: end(ofFile: path, atMost: 64 << 10), as: UTF8.self))
    }

    /// The last bytes of a file; none of one that cannot be read.
    static func end(ofFile path: String, atMost limit: Int) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        guard size > 0, lseek(descriptor, max(0, size - limit), SEEK_SET) >= 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: min(size, limit)) { buffer, count in
            while count < buffer.count {
                let got = read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
                guard got > 0 else { return }
                count += got
            }
        }
    }

    /// The last lines that are not empty, without colours.
    static func lastLines(_ count: Int, of text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { plain($0) }
        return lines.filter { !$0.allSatisfy(\.isWhitespace) }.suffix(count).joined(separator: "\n")
    }

    /// A line without the escape sequences that colour it.
    private static func plain(_ line: Substring) -> String {
        var result = ""
        var rest = line
        while let escape = rest.firstIndex(of: "\u{1B}") {
            result += rest[..<escape]
            rest = rest[escape...].drop { !$0.isLetter }.dropFirst()
        }
        return result + rest
    }
}
