/// Makes text safe and predictable on a terminal.
enum Printable {
    /// One character as it is shown, and how many columns it takes.
    struct Cell {
        var text: String
        var width: Int
    }

    /// The text with every character that controls a terminal replaced by `�`.
    static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.map { cell($0).text }.joined()
    }

    /// The lines of a text, each as `text` makes it.
    static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { Printable.text(String($0)) }
    }

    static func cell(_ scalar: Unicode.Scalar) -> Cell {
        if scalar == "\t" { return Cell(text: "    ", width: 4) }
        if isControl(scalar) { return Cell(text: "\u{FFFD}", width: 1) }
        return Cell(text: String(Character(scalar)), width: width(scalar))
    }

    /// Control characters, line separators, and those that change the direction of text.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20..<0x7F: false
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069, 0x200E, 0x200F, 0xFEFF: true
        default: false
        }
    }

    /// Two columns for East Asian wide characters and emoji, none for what combines with the character before.
    private static func width(_ scalar: Unicode.Scalar) -> Int {
        guard scalar.value >= 0x300 else { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        return isWide(scalar) ? 2 : 1
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
