import Language

/// A valid regular expression in Swift's dialect.
///
/// Kept as text, because a compiled `Regex` cannot cross tasks.
package struct Pattern: Sendable, Hashable {
    package let source: String

    /// The longest that one search may take.
    private static let limit = Duration.seconds(2)

    /// - Throws: `MalformedPattern` when the text is not a regular expression.
    package init(_ source: String) throws(MalformedPattern) {
        do {
            _ = try Self.compiled(source)
        } catch {
            throw MalformedPattern(reason: "\(error)")
        }
        self.source = source
    }

    /// The first match in a text: the whole match, then the groups, nil for unused ones. Nil without a match.
    /// - Throws: When the search takes too long, or an earlier one for the same pattern has and still goes on.
    package func firstMatch(in text: String) throws(Unobservable) -> [String?]? {
        try firstMatch(in: text, within: Self.limit)
    }

    func firstMatch(in text: String, within limit: Duration) throws(Unobservable) -> [String?]? {
        guard mayTakeLong(in: text) else { return search(text) }
        do throws(SearchGivenUp) {
            return try LimitedMatch.result(of: source, within: limit) { search(text) }
        } catch {
            throw Unobservable(error.reason(source))
        }
    }

    /// Whether a search could go on for ever: only one repetition, without a choice, is tried in few ways.
    private func mayTakeLong(in text: String) -> Bool {
        let repetitions = source.utf8.count { "*+?{".utf8.contains($0) }
        let isChoice = source.utf8.contains { "(|".utf8.contains($0) }
        return repetitions > 1 || (repetitions == 1 && (isChoice || text.utf8.count > 2_000))
    }

    private func search(_ text: String) -> [String?]? {
        if asksForWords, let match = Self.match(of: source, in: text, .graphemeCluster) { return match.groups }
        guard let match = Self.match(of: source, in: text, .unicodeScalar) else { return nil }
        // By scalars, Swift takes no digit for a part of a word: where there is one, `\b` is told by the other way alone.
        if asksForWords, Self.hasDigit(text, around: match.range) { return nil }
        return match.groups
    }

    private static func match(
        of source: String, in text: String, _ semantics: RegexSemanticLevel
    ) -> (groups: [String?], range: Range<String.Index>)? {
        // `init` has compiled the same text, so this is nil only when nothing matches.
        guard let match = try? compiled(source, semantics).firstMatch(in: text) else { return nil }
        return (match.output.map { $0.substring.map(String.init) }, match.range)
    }

    /// Whether it has `\b` or `\B`.
    private var asksForWords: Bool {
        var isEscaped = false
        for scalar in source.unicodeScalars {
            if isEscaped, scalar == "b" || scalar == "B" { return true }
            isEscaped = !isEscaped && scalar == "\\"
        }
        return false
    }

    private static func hasDigit(_ text: String, around range: Range<String.Index>) -> Bool {
        let scalars = text.unicodeScalars
        let before = scalars[..<range.lowerBound].suffix(1)
        let after = scalars[range.upperBound...].prefix(1)
        return (before + scalars[range] + after).contains { $0.properties.numericType != nil }
    }

    /// The first match in what an agent said, compared as all answer text is: composed, with LF as the line end. A pattern
    /// that counts the characters of other line ends may match the text with these, too.
    func firstMatch(inAnswer text: String) throws(Unobservable) -> [String?]? {
        let compared = ComparedText(text).text
        if let match = try asCompared.firstMatch(in: compared) { return match }
        return text.utf8.contains(0x0D) ? try asCompared.firstMatch(in: text.composed) : nil
    }

    private var asCompared: Pattern {
        // Composing letters leaves a pattern readable; should it ever not, the pattern is taken as it was written.
        (try? Pattern(ComparedText(expected: source).text)) ?? self
    }

    /// As in other dialects, a character is a Unicode scalar, and `\b` a simple boundary of letters, digits and `_`.
    private static func compiled(
        _ source: String, _ semantics: RegexSemanticLevel = .unicodeScalar
    ) throws -> Regex<AnyRegexOutput> {
        try Regex(source).matchingSemantics(semantics).wordBoundaryKind(.simple)
    }

    /// Whether it matches somewhere in a text.
    /// - Throws: When the search takes too long.
    package func matches(_ text: String) throws(Unobservable) -> Bool {
        try firstMatch(in: text) != nil
    }
}

/// Why a text is not a regular expression: the parser's message, such as `expected ')'`.
package struct MalformedPattern: Error, Sendable, Hashable {
    package let reason: String
}
