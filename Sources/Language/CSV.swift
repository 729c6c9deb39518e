/// Parses comma-separated values (RFC 4180): quotes around cells with commas, line breaks and (doubled) quotes.
enum CSV {
    /// The names of the columns, and the cells of each row below them.
    static func rows(of text: String) throws(MalformedTable) -> (header: [String], rows: [[String]]) {
        var records = try records(of: text)
        guard !records.isEmpty else { return ([], []) }
        let header = records.removeFirst().cells
        guard Set(header).count == header.count else {
            throw MalformedTable(reason: "Two of its columns have one name: \(header.listed)")
        }
        let mistakes = records.lazy.filter { $0.cells.count != header.count }.prefix(MalformedTable.most).map {
            record in
            "Line \(record.line) has \(record.cells.count) cells, and the first line has \(header.count)"
        }
        guard mistakes.isEmpty else { throw MalformedTable(Array(mistakes)) }
        return (header, records.map(\.cells))
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
        private static let quote = UInt8(ascii: "\"")
        private static let comma = UInt8(ascii: ",")
        private static let lineFeed = UInt8(ascii: "\n")
        private static let carriageReturn = UInt8(ascii: "\r")

        private let bytes: [UInt8]
        private var position = 0
        private var line = 1

        init(_ text: String) {
            bytes = Array(text.utf8)
        }

        private var current: UInt8? {
            position < bytes.count ? bytes[position] : nil
        }

        mutating func record() throws(MalformedTable) -> Record? {
            guard current != nil else { return nil }
            var record = Record(cells: [], line: line)
            while true {
                record.cells.append(current == Self.quote ? try quoted() : plain())
                guard current == Self.comma else { break }
                position += 1
            }
            try endLine()
            return record
        }

        private mutating func plain() -> String {
            let ends = [Self.comma, Self.lineFeed, Self.carriageReturn]
            let rest = bytes[position...].prefix { !ends.contains($0) }
            position += rest.count
            return text(rest)
        }

        private mutating func quoted() throws(MalformedTable) -> String {
            let start = line
            var cell: [UInt8] = []
            position += 1
            while let byte = current {
                position += 1
                if byte == Self.lineFeed || byte == Self.carriageReturn && current != Self.lineFeed { line += 1 }
                guard byte == Self.quote else {
                    cell.append(byte)
                    continue
                }
                guard current == Self.quote else { return text(cell[...]) }
                cell.append(Self.quote)
                position += 1
            }
            throw MalformedTable(reason: "A quote that begins in line \(start) is never closed")
        }

        /// Passes a line feed, a carriage return, or both together.
        private mutating func endLine() throws(MalformedTable) {
            guard let byte = current else { return }
            guard byte == Self.lineFeed || byte == Self.carriageReturn else {
                throw MalformedTable(reason: "Line \(line) has text after a closing quote")
            }
            position += 1
            if byte == Self.carriageReturn, current == Self.lineFeed { position += 1 }
            line += 1
        }

        private func text(_ bytes: ArraySlice<UInt8>) -> String {
            String(decoding: bytes, as: UTF8.self)
        }
    }
}
