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
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 4 else { return nil }
        let middle = parts[parts.count - 2].split(separator: "-", omittingEmptySubsequences: false)
        let numbers = ([parts[parts.count - 3]] + middle + [parts[parts.count - 1]]).compactMap { UInt32($0) }
        guard middle.count == 2, numbers.count == 4 else { return nil }
        path = parts.dropLast(3).joined(separator: ":")
        start = SourcePosition(line: numbers[0], column: numbers[1])
        end = SourcePosition(line: numbers[2], column: numbers[3])
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
