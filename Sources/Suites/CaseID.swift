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
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1)
        guard parts.count == 2 else { return nil }
        suite = String(Substring(parts[0]))
        // A slug has no brackets.
        let start = parts[1].firstIndex { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
        slug = String(Substring(parts[1][..<(start ?? parts[1].endIndex)]))
        variant = start.map { String(Substring(parts[1][$0...])) }
    }

    package var description: String {
        "\(suite)/\(inSuite)"
    }

    /// The same without the suite.
    package var inSuite: String {
        "\(slug)\(variant ?? "")"
    }

    /// The part of the variant that says which row of a table it is of: `[row 3]`; nil without a table.
    var row: String? {
        guard let variant, variant.hasPrefix("["), let end = variant.firstIndex(of: "]") else { return nil }
        return String(variant[...end])
    }

    /// Letters and digits of any script are kept; a name without any gives `case`.
    static func slug(of name: String) -> String {
        if let slug = asciiSlug(of: name) { return slug }
        let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }
        return words.isEmpty ? "case" : words.joined(separator: "-")
    }

    /// The same for most names, without the tables of Unicode; nil for a name with other characters than ASCII.
    private static func asciiSlug(of name: String) -> String? {
        var slug: [UInt8] = []
        var isBehindGap = false
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                if isBehindGap, !slug.isEmpty { slug.append(UInt8(ascii: "-")) }
                isBehindGap = false
                // Digits have this bit already.
                slug.append(byte | 0x20)
            case 0x80...: return nil
            case _: isBehindGap = true
            }
        }
        return slug.isEmpty ? "case" : String(decoding: slug, as: UTF8.self)
    }
}
