import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

@Suite("Datasets")
struct DatasetTests {
    private static func spec(_ records: String) -> String {
        "experiments: {e: {}}\ndatasets: {d: {experiment: e, records: \(records)}}"
    }

    private static func records(_ stack: TestStack) -> [String] {
        stack.mlflow.store.datasets.flatMap(\.records).map { record in
            "\(record.inputs.canonicalJSON) \(Value.object(record.expectations).canonicalJSON)"
        }.sorted()
    }

    @Test("A table's columns are inputs, or say that they are expectations or tags")
    func table() async throws {
        let stack = try TestStack()
        try stack.write("d.csv", "question,expectations.answer,tags.case\nWhen?,\"30 days\",a\nWhere?,Oslo,b\n")
        try await stack.apply("experiments: {e: {}}\ndatasets: {d: {experiment: e, file: d.csv}}")
        #expect(
            Self.records(stack) == [
                "{\"question\":\"When?\"} {\"answer\":\"30 days\"}", "{\"question\":\"Where?\"} {\"answer\":\"Oslo\"}",
            ])
        let tags = stack.mlflow.store.datasets.flatMap(\.records).compactMap { $0.tags["case"]?.string }
        #expect(tags.sorted() == ["a", "b"])
    }

    @Test("Lines of JSON may be in MLflow's own form")
    func lines() async throws {
        let stack = try TestStack()
        try stack.write("d.jsonl", "{\"inputs\": {\"q\": [1]}, \"expectations\": {\"n\": 2}}\n")
        try await stack.apply("experiments: {e: {}}\ndatasets: {d: {experiment: e, file: d.jsonl}}")
        #expect(Self.records(stack) == ["{\"q\":[1]} {\"n\":2}"])
    }

    @Test(
        "`expectations` and `tags` of a row mean what they mean to MLflow, whatever its form",
        arguments: [
            #"{"q": 1, "expectations": {"n": 2}, "tags": {"lang": "nb"}}"#,
            #"{"q": 1, "expectations.n": 2, "tags.lang": "nb"}"#,
            #"{"inputs": {"q": 1}, "expectations.n": 2, "tags": {"lang": "nb"}}"#,
            #"{"inputs.q": 1, "expectations": {"n": 2}, "tags.lang": "nb"}"#,
        ])
    func forms(row: String) async throws {
        let stack = try TestStack()
        try stack.write("d.jsonl", "\u{FEFF}\(row)\r\n")
        try await stack.apply("experiments: {e: {}}\ndatasets: {d: {experiment: e, file: d.jsonl}}")
        #expect(Self.records(stack) == ["{\"q\":1} {\"n\":2}"])
        let tags = stack.mlflow.store.datasets.flatMap(\.records).map { $0.tags["lang"]?.string }
        #expect(tags == ["nb"])
        #expect(try await stack.plan("experiments: {e: {}}\ndatasets: {d: {experiment: e, file: d.jsonl}}").isEmpty)
    }

    @Test(
        "A row with what a record cannot hold is refused by name",
        arguments: [
            (#"{"inputs": {"q": 1}, "source": "mail"}"#, "unknown-column", "`source`"),
            (#"{"q": 1, "expectations": "30 days"}"#, "bad-record", "`expectations`"),
            (#"{"expectations": {"n": 2}}"#, "record-without-inputs", "Record 1"),
        ])
    func lost(row: String, code: String, name: String) async throws {
        let stack = try TestStack()
        try stack.write("d.jsonl", row)
        let thrown = await #expect(throws: Diagnostic.self) {
            try await stack.apply("experiments: {e: {}}\ndatasets: {d: {experiment: e, file: d.jsonl}}")
        }
        #expect(thrown?.code.name == code)
        #expect(thrown?.detail.contains(name) == true)
    }

    @Test("Whole numbers of records keep their digits")
    func bigIntegers() async throws {
        let stack = try TestStack()
        let spec = Self.spec("[{id: 18446744073709551615, expectations.n: 18446744073709551614}]")
        try await stack.apply(spec)
        #expect(Self.records(stack) == ["{\"id\":18446744073709551615} {\"n\":18446744073709551614}"])
        #expect(try await stack.plan(spec).isEmpty)
        let other = try await stack.plan(spec.replacing("614}", with: "613}"))
        #expect(other.lines == ["update datasets.d: records.{\"id\":18446744073709551615}"])
    }

    @Test("Columns that begin with `x-` are columns")
    func freeColumns() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec("[{x-id: a, expectations.x-n: 1}]"))
        #expect(Self.records(stack) == ["{\"x-id\":\"a\"} {\"x-n\":1}"])
    }

    @Test("Records are added, changed and removed one by one; those of others stay")
    func merged() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec("[{q: One, expectations.a: 1, expectations.b: 2}, {q: Two}]"))
        let server = stack.mlflow.server()
        let id = try #require(stack.mlflow.store.datasets.first?.id)
        let theirs: Value = ["inputs": ["q": "Theirs"], "expectations": ["a": 1]]
        let note: Value = ["inputs": ["q": "One"], "expectations": ["note": "kept"]]
        try await server.putRecords([theirs, note], inDataset: id)
        let second = Self.spec("[{q: One, expectations.a: 3}, {q: Three}, {q: Theirs, expectations.b: 2}]")
        let plan = try await stack.plan(second)
        #expect(
            plan.lines == ["update datasets.d: records.One, records.Theirs, records.Three, records.Two"])
        let notes = plan.changes.flatMap(\.fields).compactMap(\.note)
        #expect(notes == ["changed, without `expectations.b`", "changed", "added", "removed"])
        try await stack.apply(second)
        #expect(
            Self.records(stack) == [
                "{\"q\":\"One\"} {\"a\":3,\"note\":\"kept\"}", "{\"q\":\"Theirs\"} {\"a\":1,\"b\":2}",
                "{\"q\":\"Three\"} {}",
            ])
        let rest = try await stack.plan(second)
        #expect(rest.lines == [])
        try await stack.apply(Self.spec("[{q: Three}]"))
        #expect(Self.records(stack) == ["{\"q\":\"Theirs\"} {\"a\":1,\"b\":2}", "{\"q\":\"Three\"} {}"])
        let gone = await #expect(throws: Diagnostics.self) { try await stack.plan("experiments: {e: {}}") }
        #expect(gone?.all.map(\.cause) == [.protected])
    }

    @Test("What others wrote on a record stays when it is written again, wherever that is cut off", arguments: 1...32)
    func rewritten(number: Int) async throws {
        for cut in [Scissors.Cut.after(number), .answer(number)] {
            let stack = try TestStack()
            try await stack.apply(Self.spec("[{q: One, expectations.a: 1, expectations.b: 2}]"))
            let id = try #require(stack.mlflow.store.datasets.first?.id)
            let theirs: Value = [
                "inputs": ["q": "One"], "expectations": ["note": "kept"], "tags": ["who": "them"],
                "outputs": ["answer": "Two"],
            ]
            try await stack.mlflow.server().putRecords([theirs], inDataset: id)
            let second = Self.spec("[{q: One, expectations.a: 1}]")
            try await stack.apply(second, cutting: cut)
            try await stack.apply(second)
            #expect(Self.records(stack) == [#"{"q":"One"} {"a":1,"note":"kept"}"#], "\(cut)")
            let record = try #require(stack.mlflow.store.datasets.first?.records.first)
            #expect(record.tags["who"] == "them" && record.outputs == ["answer": "Two"], "\(cut)")
            #expect(try await stack.plan(second).lines == [], "\(cut)")
        }
    }

    @Test("A plan without changes reads no records; one that somebody deleted is missed")
    func drift() async throws {
        let stack = try TestStack()
        let spec = Self.spec("[{q: One}, {q: Two}]")
        try await stack.apply(spec)
        let scissors = Scissors(.never)
        _ = try await stack.open(spec, scissors).plan()
        #expect(scissors.requests.count { $0.contains("/datasets/") } == 1)
        let dataset = try #require(stack.mlflow.store.datasets.first)
        try await stack.mlflow.server().deleteRecords([dataset.records[0].id], ofDataset: dataset.id)
        let plan = try await stack.plan(spec)
        #expect(plan.lines == ["update datasets.d: records.One"])
    }

    @Test("A server that cannot delete records gets a new dataset, unless others would lose records by it")
    func oldServer() async throws {
        let stack = try TestStack(mlflow: FakeMLflow(version: "3.5.1"))
        try await stack.apply(Self.spec("[{q: One}, {q: Two}]"))
        let second = Self.spec("[{q: One}]")
        let plan = try await stack.plan(second)
        #expect(plan.lines == ["replace datasets.d: records.Two"])
        try await stack.apply(second)
        #expect(Self.records(stack) == ["{\"q\":\"One\"} {}"])
        #expect(stack.mlflow.store.datasets.count == 1)
        let id = try #require(stack.mlflow.store.datasets.first?.id)
        try await stack.mlflow.server().putRecords([["inputs": ["q": "Theirs"]]], inDataset: id)
        let refused = try await stack.open(Self.spec("[{q: Three}]")).apply()
        #expect(refused.failures.map(\.code) == ["records-stay"])
        #expect(refused.failures.map(\.cause) == [.lacking])
    }

    @Test("Another experiment makes it anew, whatever request was cut off")
    func replaced() async throws {
        let first = "experiments: {e: {}, f: {}}\ndatasets: {d: {experiment: e, records: [{q: One}, {q: Two}]}}"
        let second = first.replacing("experiment: e", with: "experiment: f")
        for number in 1...24 {
            let stack = try TestStack()
            try await stack.apply(first)
            try await stack.apply(second, cutting: .after(number))
            try await stack.apply(second)
            let datasets = stack.mlflow.store.datasets
            #expect(datasets.map(\.records.count) == [2], "cut after \(number)")
            let wanted = stack.mlflow.store.experiments.filter { $0.name == "f" }.map(\.id)
            #expect(datasets.flatMap(\.experimentIDs) == wanted, "cut after \(number)")
            let rest = try await stack.plan(second)
            #expect(rest.lines == [], "cut after \(number)")
        }
    }

    @Test("Of two that were made by one request, the one with the records stays")
    func twice() async throws {
        let spec = Self.spec("[{q: One}]")
        for number in 1...20 {
            let stack = try TestStack()
            let scissors = Scissors(.twice(number)) { $0.url.hasPrefix(FakeMLflow.base) }
            _ = try await stack.open(spec, scissors).apply()
            let full = stack.mlflow.store.datasets.filter { !$0.records.isEmpty }.map(\.id)
            try await stack.apply(spec)
            #expect(stack.mlflow.store.datasets.map(\.id) == full, "\(number)")
            let rest = try await stack.plan(spec)
            #expect(rest.lines == [], "\(number)")
        }
    }

    @Test("One that is moved and holds records of others is made anew, and the old one stays with them, forgotten")
    func movedBesideOthers() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec("[{q: One}]"))
        let id = try #require(stack.mlflow.store.datasets.first?.id)
        try await stack.mlflow.server().putRecords([["inputs": ["q": "Theirs"]]], inDataset: id)
        let moved = Self.spec("[{q: One}]").replacing("{d: {", with: "{f: {moved: d, ")
        for number in stride(from: 1, through: 24, by: 3) {
            try await stack.apply(moved, cutting: .after(number))
        }
        try await stack.apply(moved)
        let datasets = stack.mlflow.store.datasets
        #expect(datasets.map(\.name) == ["d", "f"])
        #expect(datasets.map(\.records.count) == [2, 1])
        #expect(datasets[0].tags.keys.filter { $0.hasPrefix("drover.") } == ["drover.retained"])
        let rest = try await stack.plan(moved)
        #expect(rest.lines == [])
    }

    @Test("Two records with the same inputs, and one without any, are mistakes")
    func mistakes() throws {
        let stack = try TestStack()
        for (records, codes) in [
            ("[{q: One}, {expectations.a: 1, q: One}]", ["duplicate-record"]),
            ("[{expectations.a: 1}]", ["record-without-inputs"]),
            (
                "[{tags.a: b}, {q: One}, {q: One}, {tags.a: b}]",
                ["record-without-inputs", "duplicate-record", "record-without-inputs"]
            ),
        ] {
            let (workflow, folder) = try stack.declare(Self.spec(records))
            let problems = workflow.declarations.flatMap { $0.spec.problems(in: folder) }
            #expect(problems.map(\.code.name) == codes)
        }
    }
}
