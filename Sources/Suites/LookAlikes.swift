import Language

/// Characters that models write where people expect plain ones: they can hardly be told apart in a report.
enum LookAlikes {
    private static let plain: [Unicode.Scalar: String] = [
        "\u{A0}": " ", "\u{2007}": " ", "\u{2009}": " ", "\u{202F}": " ", "\u{200B}": "", "\u{200D}": "",
        "\u{2060}": "",
        "\u{FEFF}": "", "\u{AD}": "", "\u{2010}": "-", "\u{2011}": "-", "\u{2012}": "-", "\u{2013}": "-",
        "\u{2018}": "'", "\u{2019}": "'", "\u{201C}": "\"", "\u{201D}": "\"",
    ]

    /// Says which such characters one of two texts has, where nothing else makes the first differ from the second, or from a
    /// part of it; nil where they differ in other ways.
    static func note(_ expected: String, _ actual: String) -> Diagnostic.Note? {
        let (wanted, present) = (spelled(expected), spelled(actual))
        guard !actual.contains(expected), !wanted.isEmpty, present.contains(wanted) else { return nil }
        let found = Set(actual.unicodeScalars.filter { plain[$0] != nil })
            .symmetricDifference(expected.unicodeScalars.filter { plain[$0] != nil })
        let names = found.map { "U+" + padded(String($0.value, radix: 16, uppercase: true)) }.sorted()
        guard !names.isEmpty else { return nil }
        return Diagnostic.Note("They differ in characters that look like others: \(names.spoken).")
    }

    private static func spelled(_ text: String) -> String {
        text.unicodeScalars.map { plain[$0] ?? String($0) }.joined()
    }

    private static func padded(_ digits: String) -> String {
        String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
