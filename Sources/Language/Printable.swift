/// Makes text safe and predictable on a terminal.
package enum Printable {
    /// One character as it is shown, and how many columns it takes.
    struct Cell {
        var text: String
        var width: Int
    }

    /// The text with every character that controls a terminal made visible, line ends too: `\u{1B}[2K`.
    package static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.map { visible($0) }.joined()
    }

    /// The text in one line: line ends are shown as `⏎`.
    package static func oneLine(_ text: String) -> String {
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
            Printable.text(String($0))
        }.joined(separator: "⏎")
    }

    /// The lines of a text, each as `text` makes it; CRLF ends a line as LF does.
    package static func lines(_ text: String) -> [String] {
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            Printable.text(String(line.last == "\r" ? line.dropLast() : line))
        }
    }

    /// Text of several lines, such as an answer: tabs and the marks of right-to-left writing stay, and CRLF becomes LF.
    package static func block(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            (line.last == "\r" ? line.dropLast() : line).map { scalar in
                ["\t", "\u{200E}", "\u{200F}"].contains(scalar) ? String(Character(scalar)) : visible(scalar)
            }.joined()
        }
        return lines.joined(separator: "\n")
    }

    private static func visible(_ scalar: Unicode.Scalar) -> String {
        if scalar == "\t" { return "    " }
        guard isControl(scalar) else { return String(Character(scalar)) }
        return "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }

    /// In a line of a source, of which the places count.
    static func cell(_ scalar: Unicode.Scalar) -> Cell {
        if scalar == "\t" { return Cell(text: "    ", width: 4) }
        if isControl(scalar) { return Cell(text: "\u{FFFD}", width: 1) }
        return Cell(text: String(Character(scalar)), width: width(scalar))
    }

    /// Control characters, line separators, and those that change the direction of text.
    package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20..<0x7F: false
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069, 0x061C, 0x200E, 0x200F, 0xFEFF: true
        default: false
        }
    }

    /// Two columns for East Asian wide characters and emoji, none for what combines with the character before.
    static func width(_ scalar: Unicode.Scalar) -> Int {
        guard scalar.value >= 0x300 else { return 1 }
        if isInnerJamo(scalar) { return 0 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        return isWide(scalar) ? 2 : 1
    }

    /// A vowel or a final of a Korean syllable, which is shown in the columns of its first letter.
    private static func isInnerJamo(_ scalar: Unicode.Scalar) -> Bool {
        (0x1160...0x11FF).contains(scalar.value) || (0xD7B0...0xD7FF).contains(scalar.value)
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            true
        default:
            scalar.properties.isEmojiPresentation
        }
    }
}
