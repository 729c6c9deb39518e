/// How many columns of a terminal text takes: tables are padded and cut by it.
extension Printable {
    /// The columns of a text without control characters. What joins into one picture (a flag, a family, a keycap) takes
    /// two, whatever it is made of.
    package static func width(of text: String) -> Int {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text.utf8.count }
        return text.reduce(0) { $0 + width(of: $1) }
    }

    /// The text with spaces up to a width.
    package static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - self.width(of: text)))
    }

    /// The text; when it is wider than that, without its middle: names mostly differ at their ends.
    package static func clipped(_ text: String, to width: Int) -> String {
        guard self.width(of: text) > width, width > 0 else { return text }
        let rest = width - 1
        let end = kept(text.reversed(), within: rest / 3)
        let start = kept(text, within: rest - self.width(of: String(end)))
        return String(start) + "…" + String(end.reversed())
    }

    /// The text; when it is wider than that, its beginning followed by `…`.
    package static func cut(_ text: String, to width: Int) -> String {
        self.width(of: text) > width ? String(kept(text, within: width)) + "…" : text
    }

    private static func kept(_ characters: some Sequence<Character>, within width: Int) -> [Character] {
        var kept: [Character] = []
        var taken = 0
        for character in characters {
            taken += self.width(of: character)
            guard taken <= width else { break }
            kept.append(character)
        }
        return kept
    }

    private static func width(of character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first, scalars.count > 1, first.properties.isEmoji else {
            return scalars.reduce(0) { $0 + self.width($1) }
        }
        let isPicture = scalars.dropFirst().contains { scalar in
            scalar == "\u{FE0F}" || scalar == "\u{200D}" || scalar.properties.isEmojiModifier
                || (0x1F1E6...0x1F1FF).contains(scalar.value)
        }
        return isPicture ? 2 : scalars.reduce(0) { $0 + self.width($1) }
    }
}
