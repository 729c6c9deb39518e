/// One line of a source as shown on a terminal, with carets below a part of it.
struct Snippet {
    /// The line, cut around the carets when it is long; tabs are spaces, and no character in it moves a terminal.
    private(set) var text = ""
    /// How many columns of the terminal lie before the carets.
    private(set) var indentation = 0
    private(set) var carets = ""

    private static let widest = 110
    private static let lead = 40

    /// Makes the snippet of a range from its first line; only that one is shown.
    init(of range: SourceRange, in lines: inout LineCache) {
        let isOneLine = range.end.line == range.start.line
        let start = Int(range.start.column) - 1
        // Nothing beyond that can be visible.
        let part = lines.part(of: range, lead: 2 * Snippet.widest, count: 4 * Snippet.widest)
        let (skipped, near) = (part.skipped, part.scalars)
        let cells = Snippet.masked(near).map(Printable.cell)
        let first = min(start - skipped, cells.count)
        let total = cells.reduce(0) { $0 + $1.width }
        let isLong = skipped > 0 || part.isCut || total > Snippet.widest
        let visible = isLong ? Snippet.window(cells, around: first) : 0..<cells.count
        let trimmed = near.count - near.reversed().prefix { $0 == " " || $0 == "\t" }.count
        let wanted = isOneLine ? Int(range.end.column) - 1 - skipped : trimmed
        let end = min(max(first, wanted), visible.upperBound)
        if skipped > 0 || visible.lowerBound > 0 { text = "…" }
        text += cells[visible].map(\.text).joined()
        if visible.upperBound < cells.count || part.isCut { text += "…" }
        while text.last == " " { text.removeLast() }
        let before = cells[visible.lowerBound..<first].reduce(0) { $0 + $1.width }
        indentation = before + (skipped > 0 || visible.lowerBound > 0 ? 1 : 0)
        let width = first < end ? cells[first..<end].reduce(0) { $0 + $1.width } : 0
        carets = String(repeating: "^", count: max(1, width))
    }

    /// The part of a long line that is shown.
    private static func window(_ cells: [Printable.Cell], around first: Int) -> Range<Int> {
        let lower = max(0, first - lead)
        var upper = lower
        var width = 0
        while upper < cells.count, width + cells[upper].width <= widest {
            width += cells[upper].width
            upper += 1
        }
        return lower..<max(upper, first)
    }

    /// The line with the password of every `scheme://user:password@host` hidden, character for character; of
    /// `scheme://token@host`, which has no colon, all that stands before the `@`.
    static func masked(_ line: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var line = line
        var index = 0
        while index + 2 < line.count {
            guard line[index] == ":", line[index + 1] == "/", line[index + 2] == "/" else {
                index += 1
                continue
            }
            let authority = line[(index + 3)...].prefix { !"/?# \t\"'".unicodeScalars.contains($0) }
            if let at = authority.lastIndex(of: "@") {
                let first = authority[..<at].firstIndex(of: ":").map { $0 + 1 } ?? authority.startIndex
                for hidden in first..<at { line[hidden] = "*" }
            }
            index = authority.endIndex
        }
        return line
    }
}
