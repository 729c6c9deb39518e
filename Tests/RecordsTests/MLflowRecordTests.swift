import Engine
import Fakes
import Language
import Records
import Synchronization
import Testing
import Wire

@Suite("MLflowRecord")
struct MLflowRecordTests {
    private let mlflow = FakeMLflow()
    private static let entry = Record.Entry(fields: ["tags.team": "support"], onDelete: .retain, protect: true)

    private func record() -> MLflowRecord {
        MLflowRecord(mlflow.server(), stack: StackName("shop"))
    }

    @Test("Reading what was never written is one request, and makes nothing")
    func empty() async throws {
        #expect(try await record().load() == Record())
        #expect(mlflow.arrivals.count == 1)
        #expect(mlflow.store.experiments.map(\.name) == ["Default"])
    }

    @Test("What was written is read again")
    func roundTrip() async throws {
        try await record().save(["boxes.a": Self.entry])
        mlflow.cut(.never)
        #expect(try await record().load() == Record(entries: ["boxes.a": Self.entry]))
        #expect(mlflow.arrivals.count == 2)
    }

    @Test("An intent is there until it is closed, whatever it holds")
    func intents() async throws {
        let address = Address("boxes", "a")
        let intent: Value = ["documents": [["path": "docs/ä.md", "sha256": "0f"]], "n": 1]
        try await record().open(intent, for: address)
        #expect(try await record().load().intents == ["boxes.a": intent])
        try await record().close(intentOf: address)
        #expect(try await record().load().intents == [:])
        try await record().close(intentOf: address)
    }

    @Test("A record that is read again has the intents that came since")
    func readAgain() async throws {
        let address = Address("boxes", "a")
        let record = record()
        try await record.open(["a": 1], for: address)
        #expect(try await record.load().intents == ["boxes.a": ["a": 1]])
        try await record.open(["a": 2], for: address)
        #expect(try await record.load().intents == ["boxes.a": ["a": 2]])
        try await record.close(intentOf: address)
        #expect(try await record.load().intents == [:])
    }

    @Test("An intent that is longer than a tag may be is kept all the same")
    func longIntent() async throws {
        let documents = (0..<300).map {
            Value.object(["path": .string("docs/\($0).md"), "sha256": .string(String(repeating: "f", count: 64))])
        }
        let intent = Value.object(["documents": .array(documents)])
        try await record().open(intent, for: Address("boxes", "a"))
        let longest = mlflow.store.experiments.flatMap(\.tags).map(\.value.count).max() ?? 0
        #expect(longest <= 5000)
        #expect(try await record().load().intents == ["boxes.a": intent])
        try await record().close(intentOf: Address("boxes", "a"))
        #expect(try await record().load().intents == [:])
    }

    @Test("An intent that nobody can read any more stays one")
    func strangeIntent() async throws {
        try await record().open(["a": 1], for: Address("boxes", "a"))
        let id = try #require(mlflow.store.experiments.last?.id)
        try await mlflow.server().setExperimentTag(id, "drover.intent.boxes.a", to: "{nonsense")
        #expect(try await record().load().intents == ["boxes.a": .null])
    }

    @Test("A record whose artifact is gone is an empty one")
    func missingArtifact() async throws {
        try await record().open(["a": 1], for: Address("boxes", "a"))
        #expect(try await record().load().entries == [:])
    }

    @Test("An artifact that is something else is told")
    func strangeArtifact() async throws {
        try await record().save([:])
        let server = mlflow.server()
        let experiment = try #require(try await server.experiments().first { $0.name == "drover/shop" })
        let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
        for text in ["{", "7", "{\"boxes.a\": 1}"] {
            try await server.putArtifact(Array(text.utf8), named: "drover/applied.json", in: folder)
            let thrown = await #expect(throws: Diagnostic.self) { try await record().load() }
            #expect(thrown?.code.name == "record-unreadable", "\(text)")
        }
    }

    @Test("A deleted record still counts, with a warning, and is restored by the next one that writes")
    func deleted() async throws {
        try await record().save(["boxes.a": Self.entry])
        let id = try #require(mlflow.store.experiments.last?.id)
        try await mlflow.server().deleteExperiment(id)
        let told = Mutex<[String]>([])
        let record = MLflowRecord(mlflow.server(), stack: StackName("shop")) { warning in
            told.withLock { $0.append(warning.code.name) }
        }
        var entries = try await record.load().entries
        #expect(entries.keys.sorted() == ["boxes.a"])
        #expect(told.withLock { $0 } == ["deleted-record"])
        #expect(mlflow.store.experiments.map(\.isDeleted) == [false, true], "Reading changes nothing.")
        entries["boxes.b"] = Self.entry
        try await record.save(entries)
        try await record.open(["a": 1], for: Address("boxes", "b"))
        #expect(mlflow.store.experiments.map(\.isDeleted) == [false, false])
        let again = try await self.record().load()
        #expect(again.entries.keys.sorted() == ["boxes.a", "boxes.b"] && again.intents.count == 1)
    }

    @Test(
        "A run of the record that stayed open is ended by the next apply, and one made twice is deleted, also when the clock went back",
        arguments: [30 as Int64, 5])
    func openRuns(next: Int64) async throws {
        func log(at start: Int64, cutting cut: FakeMLflow.Cut = .never) async throws {
            mlflow.cut(cut)
            try await record().log(
                HistoryEntry(
                    command: "apply", specDigest: "", gitCommit: nil, actor: "me", startedAt: start,
                    finishedAt: start + 1, succeeded: true, results: []), leaving: nil)
        }
        try await log(at: 10)
        await #expect(throws: WireError.self) { try await log(at: 20, cutting: .after(4)) }
        mlflow.cut(.never)
        #expect(mlflow.store.runs.map(\.status) == ["FINISHED", "RUNNING"])
        let id = try #require(mlflow.store.experiments.last?.id)
        _ = try await mlflow.server().createRun(inExperiment: id, name: "apply", startTime: Int(next))
        try await log(at: next)
        #expect(mlflow.store.runs.filter { !$0.isDeleted }.map(\.status) == ["FINISHED", "KILLED", "FINISHED"])
        #expect(mlflow.store.runs.allSatisfy { $0.endTime ?? $0.startTime >= $0.startTime })
        #expect(try await record().history().map(\.startedAt).last == next)
    }

    @Test("A run that stayed open is ended also by an apply that has nothing to change, and others are left alone")
    func openRunsAlone() async throws {
        try await record().endOpenRuns()
        #expect(mlflow.store.experiments.map(\.name) == ["Default"], "Nothing is made for it.")
        func log(at start: Int64) async throws {
            try await record().log(
                HistoryEntry(
                    command: "apply", specDigest: "", gitCommit: nil, actor: "me", startedAt: start,
                    finishedAt: start + 1, succeeded: true, results: []), leaving: nil)
        }
        try await log(at: 10)
        mlflow.cut(.after(4))
        await #expect(throws: WireError.self) { try await log(at: 20) }
        mlflow.cut(.never)
        let elsewhere = try await mlflow.server().createRun(inExperiment: "0", name: "theirs", startTime: 1)
        try await record().endOpenRuns()
        let ended = mlflow.store.runs.filter { $0.id != elsewhere.id }
        #expect(ended.map(\.status) == ["FINISHED", "KILLED"])
        #expect(mlflow.store.runs.first { $0.id == elsewhere.id }?.status == "RUNNING")
    }

    @Test("An apply is a run of the record, failed when it failed")
    func history() async throws {
        for succeeded in [true, false] {
            try await record().log(
                HistoryEntry(
                    command: "apply", specDigest: "", gitCommit: "abc", actor: "me", startedAt: 1, finishedAt: 2,
                    succeeded: succeeded, results: ["create boxes.a: done"]), leaving: nil)
        }
        #expect(mlflow.store.runs.map(\.status) == ["FINISHED", "FAILED"])
        #expect(mlflow.store.experiments.map(\.name) == ["Default", "drover/shop"])
        #expect(mlflow.store.runs[0].tags.contains { $0.key == "drover.git.commit" && $0.value == "abc" })
    }
}
