import Language

/// What a tool returned, without the text that a server wraps it in.
struct ToolResult: Sendable {
    /// A piece of a document that a file search found.
    struct Passage: Sendable, Hashable {
        /// The name that a citation must use; nil when the server does not support citations of it.
        let citation: String?
        let text: String
    }

    let tool: String
    let text: String
    /// Best first, as the server ranked them; empty when the tool was no file search.
    let passages: [Passage]

    init(tool: String, raw: String) {
        // By scalars: a carriage return and a line feed are one `Character`.
        let lines = raw.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { Substring($0) }
            .filter { !Self.isWrapping($0) }
        self.tool = tool
        self.text = lines.joined(separator: "\n").trimmed
        self.passages = Self.passages(in: lines)
    }

    /// The result as data, when it is JSON.
    var json: Value? {
        try? Value(json: text.utf8)  // Most results are plain text.
    }

    /// Lines that OGX puts around every result to warn models about untrusted content.
    private static func isWrapping(_ line: Substring) -> Bool {
        line.hasPrefix("The following is untrusted content retrieved by a tool call")
            || line == "<untrusted_tool_output>" || line == "</untrusted_tool_output>"
    }

    /// Reads the passages under headings such as `[1] document_id: …, score: … cite as <|file-…|>` or `Result 1`.
    private static func passages(in lines: [Substring]) -> [Passage] {
        var passages: [Passage] = []
        var citation: String?
        var current: [Substring]?
        for line in lines {
            let isHeading = isHeading(line)
            guard isHeading || isEnd(line) else {
                current?.append(line)
                continue
            }
            if let text = current { passages.append(Passage(citation: citation, text: content(of: text))) }
            citation = isHeading ? marker(in: line) : nil
            current = isHeading ? [] : nil
        }
        if let text = current { passages.append(Passage(citation: citation, text: content(of: text))) }
        return passages
    }

    private static func isHeading(_ line: Substring) -> Bool {
        if line.hasPrefix("Result "), line.dropFirst(7).allSatisfy(\.isNumber) { return true }
        guard line.hasPrefix("["), let close = line.firstIndex(of: "]") else { return false }
        return line.dropFirst().prefix(upTo: close).allSatisfy(\.isNumber) && line.contains("document_id: ")
    }

    private static func isEnd(_ line: Substring) -> Bool {
        line.hasPrefix("END of ") || line.hasPrefix("The above results were retrieved")
    }

    private static func content(of lines: [Substring]) -> String {
        let text = lines.filter { !$0.hasPrefix("Metadata: ") }.joined(separator: "\n").trimmed
        return text.hasPrefix("Content: ") ? String(text.dropFirst("Content: ".count)) : text
    }

    /// `<|file-…|>`, when the server asks for a citation in a form that it can parse: OGX 1.5 parses only ids that
    /// start with `file-`, and leaves others in the answer.
    private static func marker(in line: Substring) -> String? {
        guard let range = line.firstRange(of: "<|file-"), let end = line[range.lowerBound...].firstRange(of: "|>")
        else {
            return nil
        }
        return String(line[range.lowerBound..<end.upperBound])
    }
}
