import FoundationEssentials

/// The end of a log, where a crash gives its reason.
enum LogTail {
    /// The last lines that are not empty, without colours; at most 64 KiB of the file are read.
    static func lastLines(_ count: Int, ofFile path: String) -> String {
        guard let handle = FileManager.default.contents(atPath: path) else { return "" }
        return lastLines(count, of: String(decoding: handle.suffix(64 << 10), as: UTF8.self))
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
