/// Rejects a source that is too large or visibly not UTF-8; the remaining bytes are checked while it is read.
enum EncodingCheck {
    /// Why a source cannot be read; nil when it can.
    static func refusal(of source: Source, id: SourceID) -> Diagnostic? {
        if source.bytes.count > Reader.Limits.bytes { return .fileTooLarge(at: .start(of: id)) }
        guard let encoding = foreignEncoding(source.bytes.prefix(4)) else { return nil }
        return Diagnostic(
            "not-utf8", "Not UTF-8", detail: "The file is encoded in \(encoding); a spec is UTF-8.",
            fix: "Save the file as UTF-8.", at: .start(of: id))
    }

    /// YAML's own rule: a byte order mark, or zero bytes around an ASCII character, indicate UTF-16 or UTF-32.
    private static func foreignEncoding(_ start: ArraySlice<UInt8>) -> String? {
        let bytes = Array(start)
        if bytes.starts(with: [0x00, 0x00, 0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE, 0x00, 0x00]) {
            return "UTF-32"
        }
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) { return "UTF-16" }
        guard bytes.count == 4 else { return nil }
        switch bytes.map({ $0 == 0 }) {
        case [true, true, true, false], [false, true, true, true]: return "UTF-32"
        case [true, false, true, false], [false, true, false, true]: return "UTF-16"
        default: return nil
        }
    }
}

extension Diagnostic {
    /// The source is larger than 16 MiB; `subject` is its start, or nil when it was not read.
    static func fileTooLarge(at subject: SourceRange?) -> Diagnostic {
        Diagnostic(
            "file-too-large", "File too large", detail: "A spec has at most 16 MiB; this file has more.",
            fix: "Split it into several files; they are joined.", at: subject)
    }
}
