/// The stable, readable name of a case: `golden/refund-window`, `golden/from-a-table[row 3]`.
package struct CaseID: Sendable, Hashable, LosslessStringConvertible {
    package let suite: String
    /// The case's name in lower case, with `-` for everything but letters and digits.
    package let slug: String
    /// Identifies one of several cases of one declaration: `row 3`.
    package let variant: String?

    package init(suite: String, name: String, variant: String? = nil) {
        self.suite = suite
        self.slug = Self.slug(of: name)
        self.variant = variant
    }

    /// Reads what `description` wrote; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let suite = parts.first, let rest = parts.last else { return nil }
        self.suite = suite
        guard rest.hasSuffix("]"), let bracket = rest.firstIndex(of: "[") else {
            slug = rest
            variant = nil
            return
        }
        slug = String(rest[..<bracket])
        variant = String(rest[rest.index(after: bracket)...].dropLast())
    }

    package var description: String {
        "\(suite)/\(slug)" + (variant.map { "[\($0)]" } ?? "")
    }

    /// Letters and digits of any script are kept; a name without any gives `case`.
    static func slug(of name: String) -> String {
        let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }
        return words.isEmpty ? "case" : words.joined(separator: "-")
    }
}
