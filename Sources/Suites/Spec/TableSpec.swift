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

extension Table.Row {
    /// The values of a case's references to columns in this row.
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
    fileprivate static func unknownColumn(_ reference: LocatedReference, among columns: [String]) -> Diagnostic {
        let name = reference.reference.path.dropFirst().joined(separator: ".")
        return Diagnostic(
            "unknown-column", "Unknown column", detail: "The table has no column `\(name)`.",
            fix: Suggestion.nearest(to: name, among: columns).map { "Did you mean `${row.\($0)}`?" }
                ?? "Use one of \(columns.listed).",
            at: reference.range)
    }
}
