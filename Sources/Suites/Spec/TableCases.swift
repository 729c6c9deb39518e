import Language

/// The cases that the rows of a table make, each made when it is asked for.
struct TableCases: Sendable {
    private let spec: CaseSpec
    private let table: Table
    private let suite: String
    private let defaults: CaseDefaults
    private let labels: [(String, String)]

    /// - Throws: What is wrong with the case that a row makes, and which row it is.
    init(
        _ spec: CaseSpec, _ table: Table, of path: Located<String>, suite: String, _ defaults: CaseDefaults,
        labels: [(String, String)]
    ) throws(Diagnostics) {
        self.spec = spec
        self.table = table
        self.suite = suite
        self.defaults = defaults
        self.labels = labels
        for (index, row) in table.enumerated() {
            do throws(Diagnostics) {
                _ = try spec.filled(from: row)
            } catch {
                throw error.noting(row: index + 1, of: path)
            }
        }
    }

    var count: Int {
        table.count
    }

    subscript(index: Int) -> TestCase {
        // Nothing that it is made of has changed since every row was tried.
        guard let filled = try? spec.filled(from: table[index]) else {
            preconditionFailure("A row that made a case makes it again.")
        }
        return filled.testCase(of: suite, defaults, labels, variant: "row \(index + 1)")
    }
}

extension Diagnostics {
    fileprivate func noting(row number: Int, of path: Located<String>) -> Diagnostics {
        Diagnostics(
            all.map { diagnostic in
                var diagnostic = diagnostic
                diagnostic.notes.append(Diagnostic.Note("This is so in row \(number).", at: path.range))
                return diagnostic
            })
    }
}
