import FoundationEssentials
import Language
import Runtime
import Testing

@testable import Suites

@Suite("SuiteSpec")
struct SuiteSpecTests {
    fileprivate static let fields = [Field("suites", .map(.object(SuiteSpec.self), names: true), "Suites.")]

    /// The suites of a spec that stands beside its tables in a directory of its own, and the mistakes in them.
    private func load(_ yaml: String, files: [String: String] = [:]) throws -> ([TestSuite], [Diagnostic]) {
        let directory = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }  // Left to the system where it fails.
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)")) }
        let loader = SpecLoader(fields: Self.fields, environment: [:], workingDirectory: directory) { _ in
            Array(yaml.utf8)
        }
        return LoadedSuites(loader.load(paths: ["-"])).parts
    }

    private func suite(_ yaml: String, files: [String: String] = [:]) throws -> TestSuite {
        let (suites, problems) = try load(yaml, files: files)
        #expect(problems == [])
        return try #require(suites.first)
    }

    @Test("A suite gets its defaults, labels and thresholds, and its cases their ids, in order")
    func whole() throws {
        let suite = try suite(
            """
            suites:
              golden:
                agent: support
                experiment: helpdesk
                labels: {area: money, level: smoke}
                defaults: {timeout: 30s, retryErrors: 2}
                thresholds: {passRate: 0.9, latencyP95: 20s, totalTokens: 60000}
                cases:
                  - name: refund window
                    input: What is the refund window?
                    labels: {level: deep}
                    expect: [{contains: 30 days}, {calledTool: {name: knowledge}}]
                  - name: slow
                    input: Think!
                    timeout: 5m
                    repeat: {samples: 5, atLeast: 4}
                    quarantine: {until: 2027-01-31, reason: slow model}
            """)
        #expect(suite.agent == "support" && suite.experiment == "helpdesk")
        #expect(suite.thresholds.passRate?.value == 0.9)
        #expect(suite.thresholds.latencyP95?.value == .seconds(20))
        #expect(suite.thresholds.totalTokens?.value == 60000)
        #expect(suite.cases.map(\.id.description) == ["golden/refund-window", "golden/slow"])
        #expect(suite.cases.map(\.timeout) == [.seconds(30), .seconds(300)])
        #expect(suite.cases.map(\.retryErrors) == [2, 2])
        #expect(suite.cases.first?.labels == ["area": "money", "level": "deep"])
        #expect(suite.cases.last?.repetition == Repetition(samples: 5, atLeast: 4))
        #expect(suite.cases.last?.quarantine?.until == CalendarDay("2027-01-31"))
        #expect(suite.cases.first?.turns.first?.expectations.map(\.name) == ["contains", "calledTool"])
    }

    @Test(
        "A sequential test has defaults, and α is divided over the cases that decide by one, however many are selected")
    func sequential() throws {
        let suite = try suite(
            """
            suites:
              golden:
                agent: support
                thresholds: {minCases: 2, noWorseThan: {margin: 0.1}}
                cases:
                  - {name: one, input: One?, repeat: {reliability: 0.95, unacceptable: 0.7}}
                  - name: two
                    input: "${matrix.n}?"
                    matrix: {n: [2, 3]}
                    repeat: {reliability: 0.9, unacceptable: 0.6, alpha: 0.1, beta: 0.2, max: 40}
                  - {name: counted, input: Four?, repeat: 2}
                  - name: ill
                    input: Five?
                    repeat: {reliability: 0.95, unacceptable: 0.7}
                    quarantine: {until: 2027-01-31, reason: slow model}
            """)
        let first = SequentialTest(reliability: 0.95, unacceptable: 0.7, alpha: 0.05, beta: 0.1, max: 60, cases: 3)
        let second = SequentialTest(reliability: 0.9, unacceptable: 0.6, alpha: 0.1, beta: 0.2, max: 40, cases: 3)
        #expect(suite.cases.map(\.repetition.test) == [first, second, second, nil, first])
        #expect(suite.cases.first?.repetition.samples == 60)
        let some = try SuiteFilter(cases: ["one"]).applied(to: [suite])
        #expect(some.first?.cases.map(\.repetition.test) == [first])
        #expect(suite.thresholds.minCases?.value == 2)
        #expect(suite.thresholds.noWorseThan?.value == Thresholds.NoWorseThan(margin: 0.1))
    }

    @Test("A suite knows the digest of each table that it read")
    func tables() throws {
        let suite = try suite(
            """
            suites:
              golden:
                agent: support
                cases: [{name: row, forEach: {file: cases.csv}, input: "${row.question}"}]
            """, files: ["cases.csv": "question\nWhy?\n"])
        #expect(suite.cases.tables == ["cases.csv": sha256Hex("question\nWhy?\n".utf8)])
        let keys = [["cases.csv": sha256Hex("question\nWhy?\n".utf8)], ["cases.csv": "edited"]].map { texts in
            EvidenceKey(
                logical: "l", code: "c", suite: .null, files: [:], texts: texts, judges: [:], meant: [:], servers: [])
        }
        #expect(keys.map { $0.isOf(suite) } == [true, false], "The key must be of the rows that are asked.")
    }

    @Test("The range of an expectation covers its key and its value")
    func ranges() throws {
        let suite = try suite(
            """
            suites:
              golden:
                agent: a
                cases:
                  - name: c
                    input: Q
                    expect:
                      - contains: 30 days
                      - calledTool:
                          name: x
            """)
        let ranges = suite.cases[0].turns[0].expectations.map(\.range)
        #expect(ranges.map(\.start.line) == [8, 9])
        #expect(ranges.map(\.start.column) == [13, 13])
        #expect(ranges.map(\.end.column) == [30, 23])
    }

    @Test("Captured values stay references in later turns; the expectations of the case are those of its last turn")
    func turns() throws {
        let suite = try suite(
            """
            suites:
              golden:
                agent: a
                cases:
                  - name: ticket
                    expect: [{matches: "(?i)open"}]
                    turns:
                      - input: Open a ticket.
                        capture: {ticket: {jsonPath: $.ticketId}, order: {matches: "order ([0-9]+)"}}
                      - input: What is the state of ${capture.ticket}?
                        expect: [{contains: "${capture.order}"}]
            """)
        let turns = suite.cases[0].turns
        #expect(turns.map(\.input.text) == ["Open a ticket.", "What is the state of ${capture.ticket}?"])
        #expect(turns[0].captures.map(\.name) == ["ticket", "order"])
        #expect(turns[1].expectations.map(\.name) == ["contains", "matches"])
    }

    private static let table = """
        suites:
          golden:
            agent: a
            cases:
              - name: from a table
                forEach: {file: FILE}
                input: ${row.question}
                labels: {lang: "${row.lang}"}
                expect: [{contains: "${row.answer}"}, {steps: "${row.steps}"}]
        """

    @Test("Each row of a table makes a case; text becomes a number where a number is wanted")
    func csv() throws {
        let suite = try suite(
            Self.table.replacing("FILE", with: "cases.csv"),
            files: ["cases.csv": "question,answer,steps,lang\nHow long?,30 days,2,en\nWie lange?,30 Tage,3,de\n"])
        #expect(suite.cases.map(\.id.description) == ["golden/from-a-table[row 1]", "golden/from-a-table[row 2]"])
        #expect(suite.cases.map { $0.turns[0].input.text } == ["How long?", "Wie lange?"])
        #expect(suite.cases.map(\.labels) == [["lang": "en"], ["lang": "de"]])
        let answer = Observation(.said("30 Tage"))
        #expect(try suite.cases[1].turns[0].expectations.map { try $0.evaluate(answer) } == [.passed, .passed])
    }

    @Test("A number in a JSON Lines file becomes text where text is wanted")
    func jsonLines() throws {
        let suite = try suite(
            Self.table.replacing("FILE", with: "cases.jsonl"),
            files: ["cases.jsonl": #"{"question": "How long?", "answer": 30, "steps": "2", "lang": "en"}"#])
        #expect(try suite.cases[0].turns[0].expectations[0].evaluate(Observation(.said("30 days"))) == .passed)
    }

    @Test(
        "What is wrong with a table is reported at its place in the spec",
        arguments: [
            ("cases.csv", "question,answr,steps,lang\nQ,A,1,en", "unknown-column"),
            ("cases.csv", "question,answer,steps,lang\nQ,A", "bad-table"),
            ("cases.csv", "question,answer,steps,lang\n", "bad-table"),
            ("cases.csv", "question,answer,steps,lang\nQ,A,many,en", "wrong-type"),
            ("cases.txt", "", "unknown-table"),
            ("elsewhere.csv", "", "missing-file"),
        ])
    func badTables(file: String, text: String, code: String) throws {
        let written = file == "elsewhere.csv" ? "cases.csv" : file
        let (_, problems) = try load(Self.table.replacing("FILE", with: file), files: [written: text])
        #expect(problems.map(\.code.name) == [code])
        #expect(problems.allSatisfy { $0.subject != nil })
        let isInRow = ["unknown-column", "wrong-type"].contains(code)
        #expect(problems.first?.notes.map(\.text) == (isInRow ? ["This is so in row 1."] : []))
    }

    @Test("Mistakes of several rows are told together, each of them once")
    func severalBadRows() throws {
        let text = "question,answer,steps,lang\nQ,A,many,en\nQ,A,3,en\nQ,A,some,en\nQ,,2,en\n"
        let (_, problems) = try load(Self.table.replacing("FILE", with: "cases.csv"), files: ["cases.csv": text])
        #expect(problems.map(\.code) == ["wrong-type", "empty-text"])
        #expect(problems.flatMap { $0.notes.map(\.text) } == ["This is so in row 1.", "This is so in row 4."])
    }

    @Test("Cases are named by their rows; two of one name are told, others are not")
    func namedByRows() throws {
        let spec = """
            suites:
              golden:
                agent: a
                cases:
                  - {name: "${row.q}", forEach: {file: a.csv}, input: q}
                  - {name: "on ${row.q}", forEach: {file: a.csv}, input: q}
                  - {name: "${row.q}", forEach: {file: b.csv}, input: q}
            """
        let apart = try suite(spec, files: ["a.csv": "q\nHow?\nWhy?\n", "b.csv": "q\nWhy?\nHow?\n"])
        #expect(
            apart.cases.map(\.id.description) == [
                "golden/how[row 1]", "golden/why[row 2]", "golden/on-how[row 1]", "golden/on-why[row 2]",
                "golden/why[row 1]", "golden/how[row 2]",
            ])
        let (_, problems) = try load(spec, files: ["a.csv": "q\nHow?\nWhy?\n", "b.csv": "q\nWhat?\nwhy\n"])
        #expect(problems.map(\.code) == ["duplicate-case"])
        #expect(problems.first?.detail == "`why` and `Why?` both get the id `why`.")
    }

    private static let matrix = """
        suites:
          golden:
            agent: a
            cases:
              - name: tones
                forEach: {file: cases.csv}
                matrix: {tone: [friendly, angry], limit: [1, 2.5, true, {a: [1]}]}
                input: "${row.question} (${matrix.tone}, ${matrix.limit})"
                labels: {tone: "${matrix.tone}"}
                expect: [{contains: "${matrix.limit}"}]
              - name: only
                matrix: {limit: [3, "3", "a, b", null]}
                turns: [{input: "${matrix.limit}"}, {input: "Again: ${matrix.limit}"}]
        """

    @Test("Each combination of a matrix makes a case in each row, in the order of declaration, with its values as text")
    func matrix() throws {
        let suite = try suite(Self.matrix, files: ["cases.csv": "question\nHow?\nWhy?\n"])
        let ids = suite.cases.map(\.id.description)
        #expect(ids.count == 2 * 2 * 4 + 4)
        #expect(
            ids[..<9] == [
                "golden/tones[row 1]{tone=friendly,limit=1}", "golden/tones[row 1]{tone=friendly,limit=2.5}",
                "golden/tones[row 1]{tone=friendly,limit=true}", #"golden/tones[row 1]{tone=friendly,limit={"a":[1]}}"#,
                "golden/tones[row 1]{tone=angry,limit=1}", "golden/tones[row 1]{tone=angry,limit=2.5}",
                "golden/tones[row 1]{tone=angry,limit=true}", #"golden/tones[row 1]{tone=angry,limit={"a":[1]}}"#,
                "golden/tones[row 2]{tone=friendly,limit=1}",
            ])
        #expect(
            ids[16...] == [
                "golden/only{limit=3}", #"golden/only{limit="3"}"#, #"golden/only{limit="a, b"}"#,
                "golden/only{limit=null}",
            ])
        #expect(suite.cases.allSatisfy { CaseID($0.id.description) == $0.id })
        #expect(suite.cases[5].turns[0].input.text == "How? (angry, 2.5)")
        #expect(suite.cases[7].turns[0].input.text == #"How? (angry, {"a":[1]})"#)
        #expect(suite.cases[7].labels == ["tone": "angry"])
        #expect(
            try suite.cases[6].turns[0].expectations[0].evaluate(Observation(.said("It is true."))) == .passed)
        #expect(suite.cases[16...].map { $0.turns[0].input.text } == ["3", "3", "a, b", ""])
        #expect(suite.cases[18].turns[1].input.text == "Again: a, b")
    }

    @Test("Combinations are selected by the case, by a part of the id, or by a label")
    func matrixSelection() throws {
        let suite = try suite(Self.matrix, files: ["cases.csv": "question\nHow?\nWhy?\n"])
        func count(_ filter: SuiteFilter) throws -> Int { try filter.applied(to: [suite]).flatMap(\.cases).count }
        #expect(try count(SuiteFilter(cases: ["tones"])) == 16)
        #expect(try count(SuiteFilter(cases: ["tones[row 2]"])) == 8)
        #expect(try count(SuiteFilter(cases: ["golden/tones{tone=angry,limit=1}"])) == 2)
        #expect(try count(SuiteFilter(cases: ["tones[row 2]{tone=angry,limit=1}"])) == 1)
        #expect(try count(SuiteFilter(labels: ["tone": "angry"])) == 8)
    }

    @Test("A combination whose case cannot be read is named; so are too many")
    func badMatrix() throws {
        func problems(_ fields: String) throws -> [Diagnostic] {
            try load("suites: {golden: {agent: a, cases: [{name: n, input: q, \(fields)}]}}").1
        }
        let wrong = try problems(#"matrix: {n: [1, many]}, expect: [{steps: "${matrix.n}"}]"#)
        #expect(wrong.map(\.code) == ["wrong-type"])
        #expect(wrong.first?.notes.map(\.text) == ["This is so with `n=many`."])
        let names = (1...7).map { "a\($0): [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]" }.joined(separator: ", ")
        #expect(try problems("matrix: {\(names)}").map(\.code) == ["too-many-cases"])
    }

    @Test("A whole suite runs from its YAML, and a failed assertion keeps the place that asked for it")
    func journey() async throws {
        let suite = try suite(
            """
            suites:
              golden:
                agent: a
                cases:
                  - name: ticket
                    turns:
                      - input: Open a ticket.
                        expect: [{json: true}]
                        capture: {ticket: {jsonPath: $.id}}
                      - input: State of ${capture.ticket}?
                        expect:
                          - contains: open
                          - not: {contains: "${capture.ticket}"}
            """)
        let runtime = ScriptedRuntime([
            "Open a ticket.": [.answer(.said(#"{"id": 4411}"#))],
            "State of 4411?": [.answer(.said("4411 is open."))],
        ])
        let runner = SuiteRunner(
            runtime: runtime, clock: TestClock(behaviour: .standingStill), today: CalendarDay(secondsSince1970: 0)
        ) { AgentDefinition(name: $0, model: "m", instructions: "") }
        let results = try await runner.run([suite])
        let turns = try #require(results.first?.cases.first?.samples.first).turns
        #expect(turns.map { $0.outcomes.map(\.name) } == [["json", "capture"], ["contains", "not"]])
        let failed = turns[1].outcomes.filter { outcome in
            if case .failed = outcome.result { true } else { false }
        }
        #expect(failed.map(\.name) == ["not"])
        #expect(failed.map(\.range.start.line) == [13])
        #expect(results.first?.verdict == .failed)
    }

    static let directory = Paths.parent(of: #filePath) + "/Diagnostics"

    @Test("Mistakes in suites are reported as the golden file says", arguments: ["suites"])
    func golden(name: String) throws {
        let loader = SpecLoader(fields: SuiteSpecTests.fields, environment: [:], workingDirectory: Self.directory) {
            _ in []
        }
        let loaded = loader.load(paths: ["\(name).yaml"])
        let problems = LoadedSuites(loaded).problems.diagnostics
        let text = DiagnosticRenderer(sources: loaded.sources, colors: false).render(loaded.diagnostics + problems)
        let golden = "\(Self.directory)/\(name).expected"
        if ProcessInfo.processInfo.environment["RECORD"] == "1" {
            try Data(text.utf8).write(to: URL(filePath: golden))
        }
        #expect(text == String(decoding: try Data(contentsOf: URL(filePath: golden)), as: UTF8.self))
    }
}

/// The suites of a loaded spec, with what is wrong with them.
private struct LoadedSuites {
    var suites: [TestSuite] = []
    var problems = Problems()

    init(_ loaded: LoadedSpec) {
        problems.report(loaded.diagnostics)
        let folder = SpecFolder(root: loaded.rootDirectory) { loaded.directory(of: $0) }
        for entry in loaded.root?["suites"]?.entries ?? [] {
            let before = problems.diagnostics.count
            guard let spec = Fields.decode(SuiteSpec.self, from: entry.value, &problems),
                problems.diagnostics.count == before
            else { continue }
            do throws(Diagnostics) {
                suites.append(try spec.suite(named: entry.key, at: entry.keyRange, in: folder))
            } catch {
                problems.report(error.all)
            }
        }
    }

    var parts: ([TestSuite], [Diagnostic]) {
        (suites, problems.diagnostics)
    }
}
