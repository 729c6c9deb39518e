package import Language

/// A value of an answer that later turns refer to as `${capture.NAME}`.
///
///     capture: {ticket: {jsonPath: $.ticketId}, order: {matches: "order ([0-9]+)"}}
package struct Capture: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        /// The first value at the path of an answer that is JSON.
        case jsonPath(JSONPath)
        /// The first group of the first match, or the whole match when the pattern has no group.
        case matches(Pattern)
    }

    package let name: String
    package let range: SourceRange
    package let source: Source

    package init(name: String, range: SourceRange, source: Source) {
        self.name = name
        self.range = range
        self.source = source
    }

    /// The value in an answer; nil when there is none.
    /// - Throws: When its pattern takes too long.
    package func value(in text: String) throws(Unobservable) -> Value? {
        switch source {
        case .jsonPath(let path):
            return text.jsonInAnswer.flatMap { path.values(in: $0).first }
        case .matches(let pattern):
            guard let match = try pattern.firstMatch(inAnswer: text) else { return nil }
            return (match.count > 1 ? match[1] : match[0]).map { .string($0) }
        }
    }

    /// A description of what is captured, for messages.
    package var wanted: String {
        switch source {
        case .jsonPath(let path): "a value at `\(path.source)`"
        case .matches(let pattern): "a match of `\(pattern.source)`"
        }
    }
}
