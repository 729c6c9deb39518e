import Language
// The standard library's own normalisation; Foundation's would bring all of ICU's tables into the program.
@_spi(_Unicode) import Swift

/// Answer text as it is compared: composed (NFC), with LF as its only line end, and Unicode scalar by Unicode scalar.
///
/// Swift compares `String`s by what a reader calls a character, so that `किताब` is not in `किताबें` and `"\r\n"` is one.
struct ComparedText: Sendable, Hashable {
    let text: String
    private var isExact = false

    /// What an agent said.
    init(_ text: String) {
        self.text = text.withLineFeeds.composed
    }

    /// What a spec expects: one line end at its end, which a block scalar always has, does not count.
    init(expected text: String) {
        let scalars = ComparedText(text).text.unicodeScalars
        self.text = scalars.count > 1 && scalars.last == "\n" ? String(scalars.dropLast()) : String(scalars)
    }

    /// A text that is compared as it is, for `raw: true`.
    init(exactly text: String) {
        self.text = text
        isExact = true
    }

    private init(compared text: String) {
        self.text = text
    }

    /// The number of Unicode scalars.
    var length: Int { text.unicodeScalars.count }

    /// Without white space at either end.
    var trimmed: ComparedText { ComparedText(compared: text.trimmed) }

    func contains(_ part: ComparedText) -> Bool {
        text.has(part.text)
    }

    func hasPrefix(_ start: ComparedText) -> Bool {
        text.unicodeScalars.starts(with: start.text.unicodeScalars)
    }

    /// In a form that is equal for texts that differ only in their letters' case: `STRASSE` and `Straße`, `Σ` and `ς`.
    var withoutCase: ComparedText {
        let folded = text.unicodeScalars.map { scalar in
            // Its capital is the `I` of every other alphabet; case folding leaves it alone.
            scalar == "ı" ? "ı" : scalar.properties.uppercaseMapping.lowercased()
        }
        return ComparedText(compared: isExact ? folded.joined() : folded.joined().composed)
    }

    static func == (left: ComparedText, right: ComparedText) -> Bool {
        left.text.isExactly(right.text)
    }

    func hash(into hasher: inout Hasher) {
        for scalar in text.unicodeScalars { hasher.combine(scalar) }
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func has(_ part: Self) -> Bool {
        guard let first = part.first else { return true }
        return indices.dropLast(part.count - 1).contains {
            self[$0] == first && self[$0..<($0 + part.count)].elementsEqual(part)
        }
    }
}

extension String {
    /// Whether these Unicode scalars stand somewhere in it.
    func has(_ part: String) -> Bool {
        // The general search takes linear time, but much of it for short texts.
        guard utf8.count < 1 << 12 else { return unicodeScalars.contains(part.unicodeScalars) }
        // In UTF-8, one text stands in another exactly where its bytes do.
        var (text, part) = (self, part)
        return text.withUTF8 { text in part.withUTF8 { text.has($0) } }
    }

    /// In Unicode's composed form, NFC.
    var composed: String {
        if utf8.allSatisfy({ $0 < 0x80 }) { return self }
        var scalars = String.UnicodeScalarView()
        for scalar in _nfc { scalars.append(scalar) }
        return String(scalars)
    }

    /// With LF in place of CRLF and CR.
    var withLineFeeds: String {
        guard utf8.contains(0x0D) else { return self }
        var scalars = String.UnicodeScalarView()
        var isAfterReturn = false
        for scalar in unicodeScalars {
            if !(isAfterReturn && scalar == "\n") { scalars.append(scalar == "\r" ? "\n" : scalar) }
            isAfterReturn = scalar == "\r"
        }
        return String(scalars)
    }
}
