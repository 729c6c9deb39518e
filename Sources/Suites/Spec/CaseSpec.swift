import Engine
import Language

/// The declaration of one case, or of one case for each row of a table.
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
    /// Checked, but not supported yet.
    let awaited: [Awaited]
    private let turns: [Turn]
    private let table: Located<String>?
    private let repetition: Repetition
    private let timeout: Duration?
    private let labels: [Entry<String>]
    private let quarantine: Quarantine?
    /// The case as written, for its rows.
    private var node: Node

    init(from fields: inout Fields) {
        // References to columns are decoded with placeholders first, and again for each row.
        if fields.has("forEach"), let standIn = fields.validateWaiting(CaseSpec.self, where: \.isRow) {
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
        quarantine = fields.read(Self.quarantineKey)?.quarantine
        table = fields.read(Self.forEachKey)?.file
        let question = fields.read(Self.inputKey).map { Turn(input: $0.template, inputRange: $0.range) }
        let asked = question.map { [$0] } ?? (fields.read(Self.turnsKey) ?? []).map(\.turn)
        turns = asked.expecting(fields.read(Self.expectKey) ?? [])
        awaited = fields.awaited(["matrix"], isNeeded: true)
        let matrix = (fields.read(Self.matrixKey) ?? []).map(\.key)
        fields.problems.report(turns.unknownReferences(matrix: Set(matrix)))
    }

    /// The declared judges that its expectations ask.
    var judges: [Located<String>] {
        turns.flatMap(\.expectations).flatMap(\.judges)
    }

    /// The case, or those of its table; what is wrong with them goes to `problems`.
    func cases(
        of suite: String, defaults: CaseDefaults, labels shared: [(String, String)], in folder: SpecFolder,
        _ problems: inout Problems
    ) -> TestCases.Part? {
        guard let table else { return .one(testCase(of: suite, defaults, shared, variant: nil)) }
        do throws(Diagnostics) {
            return .rows(
                try TableCases(self, read(table, in: folder), of: table, suite: suite, defaults, labels: shared))
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

    /// The case with the values of a row put in.
    func filled(from row: Table.Row) throws(Diagnostics) -> CaseSpec {
        try Fields.decodeResolved(CaseSpec.self, from: node, row.lookUp(in: node))
    }

    func testCase(
        of suite: String, _ defaults: CaseDefaults, _ shared: [(String, String)], variant: String?
    ) -> TestCase {
        TestCase(
            id: CaseID(suite: suite, name: name.value, variant: variant), name: name.value, range: name.range,
            turns: turns, timeout: timeout ?? defaults.timeout, retryErrors: defaults.retryErrors,
            labels: Dictionary(shared + labels.map { ($0.key, $0.value) }) { _, own in own },
            repetition: repetition, quarantine: quarantine)
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
        case ("row", _):
            return .noTable("${\(reference.text)}", at: range)
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
}

extension Diagnostic {
    fileprivate static func noTable(_ text: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "no-table", "Column without a table", detail: "`\(text)` names a column, and this case has no `forEach`.",
            fix: "Add `forEach: {file: cases.csv}`.", at: range)
    }

    fileprivate static func notInCases(_ text: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "reference-not-allowed", "Reference where none can stand",
            detail:
                "`\(text)` cannot stand in a case: questions and expectations know only columns and what was captured.",
            fix: "Use `${row.…}`, `${capture.…}`, `${var.…}` or `${env.…}`.", at: range)
    }
}
