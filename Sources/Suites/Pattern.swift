/// A regular expression as Swift reads it, known to be well-formed.
///
/// Kept as text, because a compiled `Regex` cannot cross tasks.
package struct Pattern: Sendable, Hashable {
    package let source: String

    /// - Throws: `MalformedPattern` when the text is not a regular expression.
    package init(_ source: String) throws(MalformedPattern) {
        do {
            _ = try Self.compiled(source)
        } catch {
            throw MalformedPattern(reason: "\(error)")
        }
        self.source = source
    }

    /// The first match in a text: the whole, then the groups; a group that took no part is nil. Nil without a match.
    package func firstMatch(in text: String) -> [String?]? {
        // `init` has compiled the same text, so this gives nil only when nothing matches.
        guard let match = try? Self.compiled(source).firstMatch(in: text) else { return nil }
        return match.output.map { $0.substring.map(String.init) }
    }

    /// `\b` is where letters, digits and `_` begin or end, as in other dialects; Swift's own default knows whole words.
    private static func compiled(_ source: String) throws -> Regex<AnyRegexOutput> {
        try Regex(source).wordBoundaryKind(.simple)
    }

    /// Whether it matches somewhere in a text.
    package func matches(_ text: String) -> Bool {
        firstMatch(in: text) != nil
    }
}

/// Why a text is not a regular expression, in the words of the parser: `expected ')'`.
package struct MalformedPattern: Error, Sendable, Hashable {
    package let reason: String
}
