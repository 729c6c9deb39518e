/// The rows of a CSV or JSON Lines file, in their order. What is held is their text: a row is made when it is asked
/// for.
package struct Table: Sendable, RandomAccessCollection {
    /// One row: values by column name.
    package struct Row: Sendable, Hashable {
        package let values: [String: Value]
    }

    private enum Content: Sendable {
        case cells(header: [String], rows: [[String]])
        /// Where in the text each object stands.
        case objects([UInt8], [Range<Int>])
    }

    private let content: Content
    /// The SHA-256 of its file.
    package private(set) var digest = ""

    package var startIndex: Int { 0 }

    package var endIndex: Int {
        switch content {
        case .cells(_, let rows): rows.count
        case .objects(_, let lines): lines.count
        }
    }

    package subscript(index: Int) -> Row {
        switch content {
        case .cells(let header, let rows):
            Row(values: Dictionary(zip(header, rows[index].map { .string($0) })) { first, _ in first })
        case .objects(let text, let lines):
            // Each line was found to be an object when the table was read.
            Row(values: (try? Value(json: text[lines[index]]))?.object ?? [:])
        }
    }

    /// Reads a `.csv` or `.jsonl` file; a table without rows is a mistake.
    /// - Throws: `Diagnostic` at the path.
    package static func read(_ path: Located<String>, in folder: SpecFolder) throws(Diagnostic) -> Table {
        try read(try folder.text(of: path), of: path)
    }

    /// Reads the text of a `.csv` or `.jsonl` file; a table without rows is a mistake.
    /// - Throws: `Diagnostic` at the path.
    package static func read(_ text: String, of path: Located<String>) throws(Diagnostic) -> Table {
        let isCSV = path.value.lowercased().hasSuffix(".csv")
        guard isCSV || path.value.lowercased().hasSuffix(".jsonl") else { throw .unknownTable(path) }
        do throws(MalformedTable) {
            var table = isCSV ? try Table(csv: text) : try Table(jsonLines: text)
            table.digest = sha256Hex(text.utf8)
            guard !table.isEmpty else { throw MalformedTable(reason: "It has no rows") }
            return table
        } catch {
            throw .malformedTable(path, error.reason)
        }
    }

    /// Reads what is below the header; every cell is text.
    init(csv text: String) throws(MalformedTable) {
        let (header, rows) = try CSV.rows(of: text)
        content = .cells(header: header, rows: rows)
    }

    /// Reads one object a line; empty lines do not count.
    init(jsonLines text: String) throws(MalformedTable) {
        let bytes = Array(text.utf8)
        var lines: [Range<Int>] = []
        var mistakes: [String] = []
        var start = 0
        var number = 0
        while start < bytes.count, mistakes.count < MalformedTable.most {
            let line = bytes[start...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            number += 1
            start = line.endIndex + Self.lineEnd(in: bytes, at: line.endIndex)
            guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else { continue }
            if let mistake = Self.mistake(in: line, number: number) { mistakes.append(mistake) }
            lines.append(line.indices)
        }
        guard mistakes.isEmpty else { throw MalformedTable(mistakes) }
        content = .objects(bytes, lines)
    }

    /// Why a line is no object; nil when it is one.
    private static func mistake(in line: some Collection<UInt8>, number: Int) -> String? {
        do {
            if try Value(wholeJSON: line).object != nil {
                return Value.repeatedKey(inJSON: line).map { "Line \(number) has `\($0)` twice" }
            }
        } catch let keys as LookAlikeKeys {
            return "Of line \(number), \(keys.reason)"
        } catch {
            // The place helps more than the parser's reason.
        }
        return "Line \(number) is not a JSON object"
    }

    /// How many bytes end the line: a line feed, a carriage return, or both together.
    private static func lineEnd(in bytes: [UInt8], at index: Int) -> Int {
        bytes[index...].starts(with: [UInt8(ascii: "\r"), UInt8(ascii: "\n")]) ? 2 : 1
    }
}

/// Why a file is not a table, without a final full stop.
struct MalformedTable: Error, Hashable {
    /// The maximum number of mistakes that are reported of one file.
    static let most = 10

    let reason: String

    init(reason: String) {
        self.reason = reason
    }

    /// Several mistakes, a sentence each.
    init(_ mistakes: [String]) {
        self.init(reason: mistakes.joined(separator: ". "))
    }
}

extension Diagnostic {
    fileprivate static func unknownTable(_ path: Located<String>) -> Diagnostic {
        Diagnostic(
            "unknown-table", "Unknown kind of table", detail: "`\(path.value)` ends neither in `.csv` nor in `.jsonl`.",
            fix: "Use a CSV or a JSON Lines file.", at: path.range)
    }

    fileprivate static func malformedTable(_ path: Located<String>, _ reason: String) -> Diagnostic {
        Diagnostic(
            "bad-table", "Unreadable table", detail: "`\(path.value)` is not a table. \(reason).",
            fix: "Correct the file.", at: path.range)
    }
}
