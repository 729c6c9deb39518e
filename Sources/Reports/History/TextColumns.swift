import Language

/// Rows of text in columns that are as wide as their longest text; the last one is not padded.
enum TextColumns {
    static func lines(_ rows: [[String]], indentation: Int = 2) -> [String] {
        let rows = rows.map { $0.map(Printable.text) }
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
            }
            let line = String(repeating: " ", count: indentation) + cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
