/// The stable, readable name of a case: `golden/refund-window`, `golden/from-a-table[row 3]{tone=angry}`.
package struct CaseID: Sendable, Hashable, LosslessStringConvertible {
    package let suite: String
    /// The case's name in lower case, with `-` for everything but letters and digits.
    package let slug: String
    /// Identifies one of several cases of one declaration: `[row 3]`, `{tone=angry}` or both.
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
        // A slug has no brackets.
        let start = rest.firstIndex { $0 == "[" || $0 == "{" }
        slug = String(rest[..<(start ?? rest.endIndex)])
        variant = start.map { String(rest[$0...]) }
    }

    package var description: String {
        "\(suite)/\(slug)\(variant ?? "")"
    }

    /// The part of the variant that says which row of a table it is of: `[row 3]`; nil without a table.
    var row: String? {
        guard let variant, variant.hasPrefix("["), let end = variant.firstIndex(of: "]") else { return nil }
        return String(variant[...end])
    }

    /// Letters and digits of any script are kept; a name without any gives `case`.
    static func slug(of name: String) -> String {
        let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }
        return words.isEmpty ? "case" : words.joined(separator: "-")
    }
}
