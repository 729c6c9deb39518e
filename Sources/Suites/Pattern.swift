/// A valid regular expression in Swift's dialect.
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

    /// The first match in a text: the whole match, then the groups, nil for unused ones. Nil without a match.
    package func firstMatch(in text: String) -> [String?]? {
        // `init` has compiled the same text, so this is nil only when nothing matches.
        guard let match = try? Self.compiled(source).firstMatch(in: text) else { return nil }
        return match.output.map { $0.substring.map(String.init) }
    }

    /// `\b` is a simple boundary of letters, digits and `_`, as in other dialects; Swift's default uses Unicode words.
    private static func compiled(_ source: String) throws -> Regex<AnyRegexOutput> {
        try Regex(source).wordBoundaryKind(.simple)
    }

    /// Whether it matches somewhere in a text.
    package func matches(_ text: String) -> Bool {
        firstMatch(in: text) != nil
    }
}

/// Why a text is not a regular expression: the parser's message, such as `expected ')'`.
package struct MalformedPattern: Error, Sendable, Hashable {
    package let reason: String
}
