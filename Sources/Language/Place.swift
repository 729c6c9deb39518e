/// A range that needs no source map: unlike a `SourceRange` it can be stored in a file, and read without the sources.
///
///     specs/helpdesk.yaml:14:9-14:26
package struct Place: Sendable, Hashable {
    package let path: String
    package let start: SourcePosition
    package let end: SourcePosition

    package init(_ range: SourceRange, in sources: SourceMap) {
        path = sources[range.source].path
        start = range.start
        end = range.end
    }
}

extension Place: LosslessStringConvertible {
    package var description: String {
        "\(path):\(start.line):\(start.column)-\(end.line):\(end.column)"
    }

    /// Reads what `description` wrote; nil for anything else. A path may have colons in it.
    package init?(_ text: String) {
        var rest = text.utf8[...]
        /// The number at the end, and what stands before it.
        func number(after mark: Unicode.Scalar) -> UInt32? {
            guard let index = rest.lastIndex(of: UInt8(ascii: mark)) else { return nil }
            defer { rest = rest[..<index] }
            return UInt32(Substring(rest[rest.index(after: index)...]))
        }
        guard let endColumn = number(after: ":"), let endLine = number(after: "-"), let column = number(after: ":"),
            let line = number(after: ":")
        else { return nil }
        path = String(Substring(rest))
        start = SourcePosition(line: line, column: column)
        end = SourcePosition(line: endLine, column: endColumn)
    }
}

extension Place: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let place = Place(text) else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "`\(text)` is no place."))
        }
        self = place
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension SourceMap {
    /// The range that a place stands for; nil when no source has its path.
    package func range(of place: Place) -> SourceRange? {
        id(ofPath: place.path).map { SourceRange(source: $0, start: place.start, end: place.end) }
    }
}
