import Language

/// `forEach: {file: cases.csv}`.
struct TableSpec: SpecDecodable {
    static let noun = "a table"
    private static let fileKey = Key<Located<String>>(
        "file", .path, required: true, example: "cases.csv",
        "A CSV file whose first line names the columns, or a JSON Lines file of objects.")
    static let fields = [fileKey.field]

    let file: Located<String>?

    init(from fields: inout Fields) {
        file = fields.read(Self.fileKey)
    }
}

/// The rows of a file.
enum Table {
    /// One row, by the names of its columns.
    struct Row: Sendable, Hashable {
        let values: [String: Value]
    }

    /// Reads a `.csv` or `.jsonl` file; a table without rows is a mistake.
    static func read(_ path: Located<String>, in folder: SpecFolder) throws(Diagnostics) -> [Row] {
        do throws(Diagnostic) {
            let text = try folder.text(of: path)
            let isCSV = path.value.lowercased().hasSuffix(".csv")
            guard isCSV || path.value.lowercased().hasSuffix(".jsonl") else { throw .unknownTable(path) }
            do throws(MalformedTable) {
                let rows = isCSV ? try CSV.rows(of: text) : try jsonLines(text)
                guard !rows.isEmpty else { throw MalformedTable(reason: "It has no rows") }
                return rows
            } catch {
                throw .malformedTable(path, error.reason)
            }
        } catch {
            throw Diagnostics([error])
        }
    }

    /// One object a line; empty lines do not count.
    static func jsonLines(_ text: String) throws(MalformedTable) -> [Row] {
        var rows: [Row] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            guard let object = String(line).json?.object else {
                throw MalformedTable(reason: "Line \(index + 1) is not a JSON object")
            }
            rows.append(Row(values: object))
        }
        return rows
    }
}

/// Why a file is not a table, without the full stop.
struct MalformedTable: Error, Hashable {
    let reason: String
}

extension Table.Row {
    /// What a case's references to columns mean in this row.
    /// - Throws: When the case names a column that the row does not have.
    func lookUp(in node: Node) throws(Diagnostics) -> (Reference) -> Value? {
        let unknown = node.references.filter { $0.reference.isRow && value(of: $0.reference) == nil }
        guard unknown.isEmpty else {
            throw Diagnostics(unknown.map { .unknownColumn($0, among: values.keys.sorted()) })
        }
        return { value(of: $0) }
    }

    private func value(of reference: Reference) -> Value? {
        reference.isRow && reference.path.count == 2 ? values[reference.path[1]] : nil
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
            "bad-table", "Unreadable table", detail: "`\(path.value)` is not a table of cases. \(reason).",
            fix: "Correct the file.", at: path.range)
    }

    fileprivate static func unknownColumn(_ reference: LocatedReference, among columns: [String]) -> Diagnostic {
        let name = reference.reference.path.dropFirst().joined(separator: ".")
        return Diagnostic(
            "unknown-column", "Unknown column", detail: "The table has no column `\(name)`.",
            fix: Suggestion.nearest(to: name, among: columns).map { "Did you mean `${row.\($0)}`?" }
                ?? "Use one of \(columns.listed).",
            at: reference.range)
    }
}
