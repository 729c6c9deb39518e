import Language

/// The cases that the rows of a table and the combinations of a matrix make, each made when it is asked for. The
/// combinations of one row follow each other.
struct VariantCases: Sendable {
    /// The most cases of one declaration.
    private static let most = 1_000_000

    private let spec: CaseSpec
    /// Nil when there is only a matrix.
    private let table: Table?
    private let matrix: Matrix
    private let suite: String
    private let defaults: CaseDefaults
    private let labels: [(String, String)]
    /// The number of its cases that decide by a sequential test.
    let tested: Int
    /// The file of the table; nil when there is only a matrix.
    private let path: Located<String>?

    /// - Parameter path: The file of the table.
    /// - Throws: What is wrong with the cases that rows and combinations make, and the first that it is so with: at most ten
    ///   mistakes.
    init(
        _ spec: CaseSpec, _ table: Table?, of path: Located<String>?, _ matrix: Matrix, suite: String,
        _ defaults: CaseDefaults, labels: [(String, String)]
    ) throws(Diagnostics) {
        self.spec = spec
        self.table = table
        self.matrix = matrix
        self.suite = suite
        self.defaults = defaults
        self.labels = labels
        self.path = path
        let rows = table?.count ?? 1
        guard matrix.count <= Self.most / max(1, rows) else { throw Diagnostics([matrix.tooMany(with: rows)]) }
        var tested = 0
        var mistakes: [Diagnostic] = []
        var told: Set<Diagnostic> = []
        for index in 0..<(rows * matrix.count) where mistakes.count < 10 {
            do throws(Diagnostics) {
                let row = table?[index / matrix.count]
                if try spec.filled(from: row, matrix.values(index % matrix.count)).decidesByTest { tested += 1 }
            } catch {
                let new = error.all.filter { told.insert($0).inserted }
                mistakes += new.map { $0.noting(Self.notes(index, path, matrix)) }
            }
        }
        guard mistakes.isEmpty else { throw Diagnostics(Array(mistakes.prefix(10))) }
        self.tested = tested
    }

    var count: Int {
        (table?.count ?? 1) * matrix.count
    }

    /// The file and the SHA-256 of the table.
    var read: (path: Located<String>, digest: String)? {
        guard let path, let table else { return nil }
        return (path, table.digest)
    }

    subscript(index: Int) -> TestCase {
        // Nothing that it is made of has changed since every row and combination was tried.
        guard let filled = try? filled(index) else {
            preconditionFailure("A row that made a case makes it again.")
        }
        let row = table.map { _ in "[row \(index / matrix.count + 1)]" } ?? ""
        return filled.testCase(of: suite, defaults, labels, variant: row + matrix.text(index % matrix.count))
    }

    private func filled(_ index: Int) throws(Diagnostics) -> CaseSpec {
        try spec.filled(from: table?[index / matrix.count], matrix.values(index % matrix.count))
    }

    private static func notes(_ index: Int, _ path: Located<String>?, _ matrix: Matrix) -> [Diagnostic.Note] {
        let row = path.map { Diagnostic.Note("This is so in row \(index / matrix.count + 1).", at: $0.range) }
        let text = matrix.text(index % matrix.count)
        let combination = matrix.range.map {
            Diagnostic.Note("This is so with `\(text.dropFirst().dropLast())`.", at: $0)
        }
        return [row, combination].compactMap(\.self)
    }
}

extension Diagnostic {
    fileprivate func noting(_ more: [Note]) -> Diagnostic {
        var diagnostic = self
        diagnostic.notes += more
        return diagnostic
    }
}
