import Engine
import Language

/// The declaration of one case, or of one case for each row of a table and each combination of a matrix.
struct CaseSpec: SpecDecodable {
    static let noun = "a case"
    private static let nameKey = Key<Located<String>>(
        "name", .located(.someText), required: true, example: "refund window",
        "What the case is called, once in its suite.")
    private static let inputKey = Key<Node>(
        "input", .template, example: "What is the refund window?", "The question, for a case of one turn.")
    private static let turnsKey = Key<[TurnSpec]>(
        "turns", .list(.object(), minimum: 1), "Questions of one conversation, one after the other.")
    private static let expectKey = Key<[Expectation]>(
        "expect", .list(.object()), example: "[{contains: 30 days}]", "What the (last) answer must be like.")
    private static let forEachKey = Key<TableSpec>(
        "forEach", .object(), example: "{file: cases.csv}", "A table; each row makes a case of its own.")
    private static let matrixKey = Key<[Entry<[Value]>]>(
        "matrix", .map(.list(.data, minimum: 1)), example: "{tone: [friendly, angry]}",
        "Values that are combined; each combination makes a case of its own, with `${matrix.NAME}`.")
    private static let repeatKey = Key<Repetition>(
        "repeat", RepetitionSpec.reading, default: "1", "How many independent samples are taken.")
    private static let timeoutKey = Key<Duration>("timeout", .duration, "The longest that all turns together may take.")
    private static let labelsKey = Key<[Entry<String>]>("labels", .map(.text), "What a run selects cases by.")
    private static let quarantineKey = Key<QuarantineSpec>(
        "quarantine", .object(), "Lets the case run without deciding, until a day.")
    static let fields = [
        nameKey.field, inputKey.field, turnsKey.field, expectKey.field, forEachKey.field, matrixKey.field,
        repeatKey.field, timeoutKey.field, labelsKey.field, quarantineKey.field,
    ]
    static let rules = [FieldRule.exactlyOne(["input", "turns"])]

    let name: Located<String>
    private let turns: [Turn]
    private let table: Located<String>?
    private let matrix: Matrix
    private let repetition: Repetition
    /// Where `repeat` says it; nil where it does not.
    let repeatRange: SourceRange?
    private let timeout: Duration?
    private let labels: [Entry<String>]
    private let quarantine: Quarantine?
    /// The case as written, for its rows and combinations.
    private var node: Node

    init(from fields: inout Fields) {
        // References to columns and a matrix are decoded with placeholders first, and again for each row and combination.
        let (hasTable, names) = (fields.has("forEach"), Set(fields.node["matrix"]?.entries?.map(\.key) ?? []))
        let standIn = fields.validateWaiting(CaseSpec.self) { reference in
            (hasTable && reference.isRow) || reference.matrixName.map(names.contains) ?? false
        }
        if let standIn {
            fields.reportReferencesInMatrix()
            fields.reportOpenNames(in: standIn.turns.flatMap(\.expectations))
            self = standIn
            node = fields.node
            return
        }
        node = fields.node
        let missing = Located("", at: fields.node.range)
        name = fields.require(Self.nameKey, else: missing)
        timeout = fields.read(Self.timeoutKey)
        labels = fields.read(Self.labelsKey) ?? []
        repetition = fields.read(Self.repeatKey) ?? .once
        repeatRange = fields.range(of: "repeat")
        quarantine = fields.read(Self.quarantineKey)?.quarantine
        table = fields.read(Self.forEachKey)?.file
        let question = fields.read(Self.inputKey).map { Turn(input: $0.template, inputRange: $0.range) }
        let asked = question.map { [$0] } ?? (fields.read(Self.turnsKey) ?? []).map(\.turn)
        turns = asked.expecting(fields.read(Self.expectKey) ?? [])
        let combined = fields.read(Self.matrixKey)
        matrix = fields.matrix(combined)
        fields.problems.report(turns.unknownReferences(matrix: matrix.names.union(names)))
    }

    /// Whether its name is known only with the values of a row or of a combination.
    var isNamedLater: Bool {
        node["name"].map { !$0.references.isEmpty } ?? false
    }

    /// Whether its verdict counts for the suite, and a sequential test finds it.
    var decidesByTest: Bool {
        repetition.test != nil && quarantine == nil
    }

    /// What its expectations ask; with any text for what has no value before it runs.
    var inquiries: [Inquiry] {
        turns.flatMap(\.expectations).flatMap(\.inquiries)
    }

    /// The programs that its expectations run, as far as their names are written out.
    var programs: [ProgramQuestion] {
        let open = Set(node.references.map(\.range))
        return inquiries.compactMap(\.program).filter { !open.contains($0.place) }
    }

    /// The declared judges that its expectations ask, as far as their names are written out.
    var judges: [Located<String>] {
        let open = Set(node.references.map(\.range))
        return turns.flatMap(\.expectations).flatMap(\.judges).filter { !open.contains($0.range) }
    }

    /// The marks that its expectations ask for, with the places where the judges are named.
    var marks: [(judge: Located<String>, atLeast: Int)] {
        turns.flatMap(\.expectations).flatMap { expectation in
            expectation.inquiries.compactMap { inquiry in
                guard case .judge(let name, let atLeast?) = inquiry,
                    let judge = expectation.judges.first(where: { $0.value == name })
                else { return nil }
                return (judge, atLeast)
            }
        }
    }

    /// The case, or those of its table and matrix; what is wrong with them goes to `problems`.
    func cases(
        of suite: String, defaults: CaseDefaults, labels shared: [(String, String)], in folder: SpecFolder,
        _ problems: inout Problems
    ) -> TestCases.Part? {
        guard table != nil || matrix.range != nil else {
            return .one(testCase(of: suite, defaults, shared, variant: ""))
        }
        do throws(Diagnostics) {
            let rows = try table.map { table throws(Diagnostics) in try self.read(table, in: folder) }
            return .variants(
                try VariantCases(self, rows, of: table, matrix, suite: suite, defaults, labels: shared))
        } catch {
            problems.report(error.all)
            return nil
        }
    }

    private func read(_ table: Located<String>, in folder: SpecFolder) throws(Diagnostics) -> Table {
        do throws(Diagnostic) {
            return try Table.read(table, in: folder)
        } catch {
            throw Diagnostics([error])
        }
    }

    /// The case with the values of a row and of a combination put in.
    func filled(from row: Table.Row?, _ values: [String: Value]) throws(Diagnostics) -> CaseSpec {
        let cell = try row?.lookUp(in: node)
        return try Fields.decodeResolved(CaseSpec.self, from: node) { reference in
            reference.matrixName.map { values[$0] } ?? cell?(reference)
        }
    }

    /// - Parameter variant: As the id says it; empty for the only one.
    func testCase(
        of suite: String, _ defaults: CaseDefaults, _ shared: [(String, String)], variant: String
    ) -> TestCase {
        TestCase(
            id: CaseID(suite: suite, name: name.value, variant: variant.isEmpty ? nil : variant), name: name.value,
            range: name.range,
            turns: turns, timeout: timeout ?? defaults.timeout, retryErrors: defaults.retryErrors,
            labels: Dictionary(shared + labels.map { ($0.key, $0.value) }) { _, own in own },
            repetition: repetition, quarantine: quarantine, declared: node)
    }
}

extension [Turn] {
    /// The turns, with more expectations for the last one.
    fileprivate func expecting(_ more: [Expectation]) -> [Turn] {
        guard let last else { return self }
        return dropLast() + [
            Turn(
                input: last.input, inputRange: last.inputRange, expectations: last.expectations + more,
                captures: last.captures)
        ]
    }

    /// References to values that no earlier turn captures, or that are not allowed in a case.
    fileprivate func unknownReferences(matrix: Set<String>) -> [Diagnostic] {
        var captured: Set<String> = []
        return flatMap { turn in
            defer { captured.formUnion(turn.captures.map(\.name)) }
            let own = turn.input.references.map { LocatedReference(reference: $0, range: turn.inputRange) }
            return (own + turn.expectations.flatMap(\.references)).compactMap { $0.problem(knowing: captured, matrix) }
        }
    }
}

extension LocatedReference {
    fileprivate func problem(knowing captured: Set<String>, _ matrix: Set<String>) -> Diagnostic? {
        if reference.isReported { return nil }
        switch (reference.path.first, reference.path.count) {
        case ("matrix", 2) where matrix.contains(reference.path[1]):
            return nil
        case ("capture", 2) where captured.contains(reference.path[1]):
            return nil
        case ("capture", _):
            return .unknownCapture("${\(reference.text)}", among: captured, at: range)
        case ("matrix", _):
            return .notInMatrix("${\(reference.text)}", among: matrix, at: range)
        case ("row", _):
            return .noTable("${\(reference.text)}", matrix.first { reference.path == ["row", $0] }, at: range)
        case _:
            return .notInCases("${\(reference.text)}", at: range)
        }
    }
}

extension Reference {
    /// Whether it names a column of the table that a case is made from.
    var isRow: Bool {
        path.first == "row"
    }

    /// The name in `${matrix.NAME}`.
    fileprivate var matrixName: String? {
        path.count == 2 && path[0] == "matrix" ? path[1] : nil
    }
}

extension Fields {
    /// The combinations of a case.
    fileprivate mutating func matrix(_ entries: [Entry<[Value]>]?) -> Matrix {
        guard let entries, let range = keyRange(of: "matrix") else { return .none }
        return Matrix(entries, at: range, &problems)
    }

    /// What is combined must be known before rows are read.
    fileprivate mutating func reportReferencesInMatrix() {
        problems.report((node["matrix"]?.references ?? []).map { .referenceInMatrix($0) })
    }
}

extension Diagnostic {
    /// `combined` is the same name in the matrix of the case, where that has it.
    fileprivate static func noTable(_ text: String, _ combined: String?, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "no-table", "Column without a table", detail: "`\(text)` names a column, and this case has no `forEach`.",
            fix: combined.map { "Did you mean `${matrix.\($0)}`?" } ?? "Add `forEach: {file: cases.csv}`.", at: range)
    }

    fileprivate static func notInMatrix(_ text: String, among names: Set<String>, at range: SourceRange) -> Diagnostic {
        let name = String(text.dropFirst("${matrix.".count).dropLast())
        return Diagnostic(
            "unknown-matrix-name", "Unknown name of a matrix",
            detail: names.isEmpty
                ? "`\(text)` names what a matrix combines, and this case has none."
                : "The matrix of this case has no `\(name)`.",
            fix: names.isEmpty
                ? "Add `matrix: {NAME: [VALUE, VALUE]}`."
                : Suggestion.nearest(to: name, among: names.sorted()).map { "Did you mean `${matrix.\($0)}`?" }
                    ?? "Use one of \(names.sorted().listed).",
            at: range)
    }

    fileprivate static func referenceInMatrix(_ reference: LocatedReference) -> Diagnostic {
        Diagnostic(
            "reference-not-allowed", "Reference where none can stand",
            detail:
                "`${\(reference.reference.text)}` cannot stand in a matrix: its values are combined before any row is "
                + "read and any question is put.",
            fix: "Use values, `${var.…}` or `${env.…}`.", at: reference.range)
    }

    fileprivate static func notInCases(_ text: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "reference-not-allowed", "Reference where none can stand",
            detail:
                "`\(text)` cannot stand in a case: questions and expectations know only columns, a matrix and what was captured.",
            fix: "Use `${row.…}`, `${matrix.…}`, `${capture.…}`, `${var.…}` or `${env.…}`.", at: range)
    }
}
