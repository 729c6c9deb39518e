/// The rows of a CSV or JSON Lines file.
package enum Table {
    /// One row: values by column name.
    package struct Row: Sendable, Hashable {
        package let values: [String: Value]
    }

    /// Reads a `.csv` or `.jsonl` file; a table without rows is a mistake.
    /// - Throws: `Diagnostic` at the path.
    package static func read(_ path: Located<String>, in folder: SpecFolder) throws(Diagnostic) -> [Row] {
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
    }

    /// One object a line; empty lines do not count.
    static func jsonLines(_ text: String) throws(MalformedTable) -> [Row] {
        var rows: [Row] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            // The place helps more than the parser's reason.
            guard let object = (try? Value(json: line.utf8))?.object else {
                throw MalformedTable(reason: "Line \(index + 1) is not a JSON object")
            }
            rows.append(Row(values: object))
        }
        return rows
    }
}

/// Why a file is not a table, without a final full stop.
struct MalformedTable: Error, Hashable {
    let reason: String
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
