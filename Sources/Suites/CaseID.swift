/// The stable, readable name of a case: `golden/refund-window`, `golden/from-a-table[row 3]`.
package struct CaseID: Sendable, Hashable, CustomStringConvertible {
    package let suite: String
    /// The case's name in lower case, with `-` for everything but letters and digits.
    package let slug: String
    /// Which of several cases that one declaration makes: `row 3`.
    package let variant: String?

    package init(suite: String, name: String, variant: String? = nil) {
        self.suite = suite
        self.slug = Self.slug(of: name)
        self.variant = variant
    }

    package var description: String {
        "\(suite)/\(slug)" + (variant.map { "[\($0)]" } ?? "")
    }

    /// Letters and digits of any script stay; a name without any gives `case`.
    static func slug(of name: String) -> String {
        let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }
        return words.isEmpty ? "case" : words.joined(separator: "-")
    }
}
