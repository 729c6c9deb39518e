/// Text without the marks by which a model cites, ` <|file-12ab|>`: servers from 0.4 to OGX 1.4 remove them from the
/// answer, with the space before each, but not from its pieces, where a mark may be split.
struct CitationMarks {
    private var held = ""

    /// The text up to this piece that can be passed on, and was not yet.
    mutating func next(_ piece: String) -> String {
        // Most pieces hold nothing of a mark.
        let space = UInt8(ascii: " ")
        if held.isEmpty, piece.utf8.last != space, !piece.utf8.contains(UInt8(ascii: "<")) { return piece }
        let text = Self.removed(from: held + piece)
        let open = Self.openEnd(of: text)
        held = String(text.unicodeScalars.suffix(open))
        return String(text.unicodeScalars.dropLast(open))
    }

    /// The rest, when no more comes.
    mutating func end() -> String {
        defer { held = "" }
        return held
    }

    static func removed(from text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "<")) else { return text }
        return text.replacing(/\ ?<\|file-[A-Za-z0-9_\-]+\|>/.matchingSemantics(.unicodeScalar), with: "")
    }

    /// How many Unicode scalars at the end may be the beginning of a mark.
    private static func openEnd(of text: String) -> Int {
        let scalars = Array(text.unicodeScalars)
        guard let start = scalars.lastIndex(of: "<") else { return scalars.last == " " ? 1 : 0 }
        let tail = String(String.UnicodeScalarView(scalars[start...]))
        let opening = "<|file-"
        let mayBecome =
            opening.hasPrefix(tail)
            || tail.wholeMatch(of: /<\|file-[A-Za-z0-9_\-]{1,200}\|?/.matchingSemantics(.unicodeScalar)) != nil
        guard mayBecome else { return scalars.last == " " ? 1 : 0 }
        let hasSpace = start > 0 && scalars[start - 1] == " "
        return scalars.count - start + (hasSpace ? 1 : 0)
    }
}
