/// Parses comma-separated values (RFC 4180): quotes around cells with commas, line breaks and (doubled) quotes.
enum CSV {
    /// The rows below the header; every cell is text.
    static func rows(of text: String) throws(MalformedTable) -> [Table.Row] {
        var records = try records(of: text)
        guard !records.isEmpty else { return [] }
        let header = records.removeFirst().cells
        guard Set(header).count == header.count else {
            throw MalformedTable(reason: "Two of its columns have one name: \(header.listed)")
        }
        var rows: [Table.Row] = []
        for record in records {
            guard record.cells.count == header.count else {
                let counts = "has \(record.cells.count) cells, and the first line has \(header.count)"
                throw MalformedTable(reason: "Line \(record.line) \(counts)")
            }
            let cells = zip(header, record.cells.map { Value.string($0) })
            rows.append(Table.Row(values: Dictionary(cells) { first, _ in first }))
        }
        return rows
    }

    private struct Record {
        var cells: [String]
        let line: Int
    }

    /// The records, each with the line that it starts on; empty lines are skipped.
    private static func records(of text: String) throws(MalformedTable) -> [Record] {
        var scanner = Scanner(text)
        var records: [Record] = []
        while let record = try scanner.record() {
            if record.cells != [""] { records.append(record) }
        }
        return records
    }

    private struct Scanner {
        private let scalars: [Unicode.Scalar]
        private var position = 0
        private var line = 1

        init(_ text: String) {
            scalars = Array(text.unicodeScalars)
        }

        private var current: Unicode.Scalar? {
            position < scalars.count ? scalars[position] : nil
        }

        mutating func record() throws(MalformedTable) -> Record? {
            guard current != nil else { return nil }
            var record = Record(cells: [], line: line)
            while true {
                record.cells.append(current == "\"" ? try quoted() : plain())
                guard current == "," else { break }
                position += 1
            }
            try endLine()
            return record
        }

        private mutating func plain() -> String {
            let rest = scalars[position...].prefix { $0 != "," && $0 != "\n" && $0 != "\r" }
            position += rest.count
            return text(rest)
        }

        private mutating func quoted() throws(MalformedTable) -> String {
            let start = line
            var cell: [Unicode.Scalar] = []
            position += 1
            while let scalar = current {
                position += 1
                if scalar == "\n" { line += 1 }
                guard scalar == "\"" else {
                    cell.append(scalar)
                    continue
                }
                guard current == "\"" else { return text(cell[...]) }
                cell.append("\"")
                position += 1
            }
            throw MalformedTable(reason: "A quote that begins in line \(start) is never closed")
        }

        private mutating func endLine() throws(MalformedTable) {
            if current == "\r" { position += 1 }
            guard let scalar = current else { return }
            guard scalar == "\n" else {
                throw MalformedTable(reason: "Line \(line) has text after a closing quote")
            }
            position += 1
            line += 1
        }

        private func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            return String(view)
        }
    }
}
