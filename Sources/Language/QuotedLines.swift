/// The lines of sources that diagnostics point to: enough to show them again when the sources are no longer there.
package struct QuotedLines: Sendable {
    private var lines: [String: [UInt32: String]] = [:]

    package init() {}

    /// Keeps the text of a line. Lines are 1-based.
    package mutating func keep(_ text: String, atLine line: UInt32, of path: String) {
        lines[path, default: [:]][line] = text
    }

    /// Sources of these paths, in this order, in which all other lines are empty.
    package func sources(_ paths: [String]) -> SourceMap {
        var sources = SourceMap()
        for path in paths {
            let kept = lines[path] ?? [:]
            let last = kept.keys.max() ?? 0
            let text = (0..<last).map { kept[$0 + 1] ?? "" }.joined(separator: "\n")
            _ = sources.add(Source(path: path, bytes: Array(text.utf8)))
        }
        return sources
    }
}

/// Quotes lines of sources as a snippet shows them, with the password of every URL hidden.
package struct LineQuoter: Sendable {
    private let sources: SourceMap
    private var indices: [SourceID: LineIndex] = [:]

    package init(_ sources: SourceMap) {
        self.sources = sources
    }

    /// The first line of a range. Columns in it are those of the source.
    package mutating func firstLine(of range: SourceRange) -> String {
        let index = indices[range.source] ?? LineIndex(sources[range.source].bytes)
        indices[range.source] = index
        var text = String.UnicodeScalarView()
        text.append(contentsOf: Snippet.masked(Array(index.text(range.start.line).unicodeScalars)))
        return String(text)
    }
}
