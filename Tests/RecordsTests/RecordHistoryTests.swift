import Engine
import Fakes
import Foundation
import Language
import Records
import Synchronization
import Testing
import Wire

/// The history, in both stores.
@Suite("Histories of records")
struct RecordHistoryTests {
    private let mlflow = FakeMLflow()
    private let path = URL.temporaryDirectory.appending(path: "drover-record-\(UUID().uuidString)/shop.json").path

    private func stores() -> [any RecordStore] {
        [FileRecord(path: path), MLflowRecord(mlflow.server(), stack: StackName("shop"))]
    }

    private static func entry(_ command: String, at start: Int64 = 1000) -> HistoryEntry {
        var entry = HistoryEntry(
            command: command, specDigest: "d", gitCommit: "abc", actor: "me", startedAt: start, finishedAt: start + 500,
            succeeded: true, results: ["create boxes.a: done"])
        entry.isDirty = true
        entry.summary = "1 created"
        entry.drover = "0.1.0"
        return entry
    }

    private static let text = Array("Be brief.\n".utf8)

    private static func remains(_ content: FileSource = .bytes(text)) -> RunRemains {
        let sha256 = sha256Hex(text)
        return RunRemains(
            spec: "drover: v1\nstack: shop\n", plan: ["changed": true], results: [["address": "boxes.a"]],
            applied: ["boxes.a": Record.Entry(fields: ["tags.team": "support"])],
            files: [
                NamedFile(path: "prompts/a.md", sha256: sha256, size: 10, role: .text, isKept: true),
                NamedFile(path: "docs/b.md", sha256: "f00d", size: 7, role: .document),
            ],
            contents: [sha256: content])
    }

    @Test("What was logged is listed with numbers that stay, and all that was told of it")
    func listed() async throws {
        for store in stores() {
            #expect(try await store.history().isEmpty)
            try await store.log(Self.entry("apply"), leaving: nil)
            try await store.log(Self.entry("destroy", at: 2000), leaving: nil)
        }
        for store in stores() {
            let history = try await store.history()
            #expect(history.map(\.number) == [1, 2] && history.map(\.command) == ["apply", "destroy"])
            let first = try #require(history.first)
            #expect(first.startedAt == 1000 && first.finishedAt == 1500 && first.actor == "me" && first.succeeded)
            #expect(first.gitCommit == "abc" && first.isDirty == true && first.summary == "1 created")
            #expect(first.drover == "0.1.0" && first.results == ["create boxes.a: done"])
        }
    }

    @Test("An apply during which the clock was set back an hour takes no time, and the next one comes after it")
    func clockBack() async throws {
        for store in stores() {
            var entry = Self.entry("apply", at: 7_200_000)
            entry = HistoryEntry(
                command: entry.command, specDigest: "d", gitCommit: nil, actor: "me", startedAt: entry.startedAt,
                finishedAt: entry.startedAt - 3_600_000, succeeded: true, results: [])
            try await store.log(entry, leaving: nil)
            try await store.log(Self.entry("up", at: 3_600_000), leaving: nil)
        }
        for store in stores() {
            let history = try await store.history()
            #expect(history.map(\.number) == [1, 2] && history.map(\.command) == ["apply", "up"])
            #expect(!history.contains { $0.finishedAt < $0.startedAt })
        }
        #expect(!mlflow.store.runs.contains { ($0.endTime ?? 0) < $0.startTime })
    }

    @Test("The history of a record that was deleted in MLflow is still told, with when that was and what to do")
    func deleted() async throws {
        let (server, name) = (mlflow.server(), StackName("shop"))
        try await MLflowRecord(server, stack: name).log(Self.entry("apply"), leaving: Self.remains())
        let id = try #require(mlflow.store.experiments.last?.id)
        try await server.deleteExperiment(id)
        #expect(!mlflow.store.runs.contains { !$0.isDeleted }, "MLflow deletes the runs with their experiment.")
        let told = Mutex<[Diagnostic]>([])
        let record = MLflowRecord(server, stack: name) { warning in told.withLock { $0.append(warning) } }
        _ = try await record.load()
        #expect(try await record.history().map(\.command) == ["apply"])
        #expect(try await record.remains(ofRun: 1)?.spec == "drover: v1\nstack: shop\n")
        let warning = try #require(told.withLock { $0.count == 1 ? $0.first : nil })
        #expect(warning.code.name == "deleted-record" && warning.detail.contains("`drover/shop` in MLflow on 2"))
        for way in ["`mlflow experiments restore --experiment-id \(id)`", "`drover state rebuild`"] {
            #expect(warning.fix?.contains(way) == true, "\(way)")
        }
    }

    @Test("The history of a record that was restored goes on, whoever restored it", arguments: [false, true])
    func restored(isByHand: Bool) async throws {
        let (server, name) = (mlflow.server(), StackName("shop"))
        for command in ["apply", "up"] {
            try await MLflowRecord(server, stack: name).log(Self.entry(command), leaving: nil)
        }
        let id = try #require(mlflow.store.experiments.last?.id)
        try await server.deleteExperiment(id)
        if isByHand { try await server.restoreExperiment(id) }
        let told = Mutex<[String]>([])
        let record = MLflowRecord(server, stack: name) { warning in told.withLock { $0.append(warning.code.name) } }
        _ = try await record.load()
        try await record.log(Self.entry("destroy", at: 2000), leaving: Self.remains())
        let history = try await MLflowRecord(server, stack: name).history()
        #expect(history.map(\.number) == [1, 2, 3] && history.map(\.command) == ["apply", "up", "destroy"])
        #expect(told.withLock { $0 } == (isByHand ? [] : ["deleted-record"]))
        #expect(mlflow.store.experiments.last?.isDeleted == false && mlflow.store.experiments.count == 2)
        #expect(try await record.remains(ofRun: 3)?.spec == Self.remains().spec)
    }

    @Test("A record that was removed for good is made anew, and its history begins again")
    func removedForGood() async throws {
        let (server, name) = (mlflow.server(), StackName("shop"))
        let before = MLflowRecord(server, stack: name)
        try await before.save(["boxes.a": Record.Entry(fields: [:])])
        try await before.log(Self.entry("apply"), leaving: Self.remains())
        let id = try #require(mlflow.store.experiments.last?.id)
        try await server.deleteExperiment(id)
        mlflow.removeForGood(experiment: id)
        let record = MLflowRecord(server, stack: name)
        #expect(try await record.load() == Record())
        #expect(try await record.history().isEmpty)
        #expect(try await record.remains(ofRun: 1) == nil)
        try await record.log(Self.entry("up", at: 2000), leaving: Self.remains())
        let history = try await MLflowRecord(server, stack: name).history()
        #expect(history.map(\.number) == [1] && history.map(\.command) == ["up"])
        #expect(try await record.content(sha256Hex(Self.text)) == Self.text, "Contents are kept again.")
    }

    @Test("What an apply without files left is read also from an MLflow that answers 500 for what is not there")
    func withoutFiles() async throws {
        let fake = FakeMLflow(version: "3.5.1")
        let record = MLflowRecord(fake.server(), stack: StackName("shop"))
        #expect(try await record.load() == Record())
        let remains = RunRemains(
            spec: "drover: v1\nstack: shop\n", plan: ["changed": false], results: [], applied: [:], files: [],
            contents: [:])
        try await record.log(Self.entry("apply"), leaving: remains)
        #expect(try await record.remains(ofRun: 1)?.spec == remains.spec)
        #expect(try await record.content(sha256Hex(Self.text)) == nil)
        try await record.save(["boxes.a": Record.Entry(fields: [:])])
        #expect(try await record.content(sha256Hex(Self.text)) == nil)
    }

    @Test("What gates and suites showed stands with the newest apply, of each suite the last time alone")
    func verdicts() async throws {
        for store in stores() {
            try await store.note(["golden: passed"])
            #expect(try await store.history().isEmpty)
            try await store.log(Self.entry("apply"), leaving: Self.remains())
            var gated = Self.entry("up", at: 2000)
            gated.verdicts = ["gate: passed", "golden: inconclusive"]
            try await store.log(gated, leaving: Self.remains())
            #expect(try await store.history().map(\.verdicts) == [nil, ["gate: passed", "golden: inconclusive"]])
            try await store.note(["golden: failed, 1 failed", "smoke: passed"])
            try await store.note(["golden: passed, 2 passed"])
        }
        for store in stores() {
            let verdicts = ["gate: passed", "smoke: passed", "golden: passed, 2 passed"]
            #expect(try await store.history().map(\.verdicts) == [nil, verdicts])
            #expect(try await store.remains(ofRun: 2)?.spec == Self.remains().spec)
        }
    }

    @Test("A number is never given twice, even when the last run was deleted")
    func numbers() async throws {
        let store = MLflowRecord(mlflow.server(), stack: StackName("shop"))
        for _ in 1...2 { try await store.log(Self.entry("apply"), leaving: nil) }
        let last = try #require(mlflow.store.runs.last?.id)
        try await mlflow.server().deleteRun(last)
        try await store.log(Self.entry("apply"), leaving: nil)
        #expect(try await store.history().map(\.number) == [1, 3])
    }

    @Test("Applies of older versions have the numbers of their places")
    func unnumbered() async throws {
        let store = MLflowRecord(mlflow.server(), stack: StackName("shop"))
        try await store.save([:])
        let experiment = try #require(mlflow.store.experiments.last?.id)
        for start in [20, 10] {
            _ = try await mlflow.server().createRun(inExperiment: experiment, name: "apply \(start)", startTime: start)
        }
        try await store.log(Self.entry("apply"), leaving: nil)
        let history = try await store.history()
        #expect(history.map(\.number) == [1, 2, 3] && history.map(\.command) == ["apply 10", "apply 20", "apply"])
    }

    @Test("What an apply left is read again, and contents are kept once")
    func remains() async throws {
        let sha256 = sha256Hex(Self.text)
        for store in stores() {
            try await store.log(Self.entry("apply"), leaving: Self.remains())
            try await store.log(Self.entry("apply"), leaving: Self.remains())
        }
        for store in stores() {
            let remains = try #require(try await store.remains(ofRun: 2))
            #expect(remains.spec == "drover: v1\nstack: shop\n" && remains.plan == ["changed": true])
            #expect(remains.results == [["address": "boxes.a"]] && remains.files == Self.remains().files)
            #expect(remains.applied["boxes.a"]?.fields == ["tags.team": "support"])
            #expect(try await store.content(sha256) == Self.text)
            #expect(try await store.content("f00d") == nil)
            #expect(try await store.remains(ofRun: 3) == nil)
        }
        let written = mlflow.arrivals.filter { $0.path.hasSuffix("drover/files/\(sha256)") && $0.method == "PUT" }
        #expect(written.count == 1)
    }

    @Test("The spec of an apply is written last, and no list of files where there are none")
    func order() async throws {
        let store = MLflowRecord(mlflow.server(), stack: StackName("shop"))
        try await store.log(
            Self.entry("apply"),
            leaving: RunRemains(spec: "drover: v1\n", plan: [:], results: [], applied: [:], files: []))
        let run = try #require(mlflow.store.runs.last?.id)
        let written = mlflow.arrivals.filter { $0.method == "PUT" && $0.path.contains(run) }
            .map { String($0.path.split(separator: "/").last ?? "") }
        #expect(
            Set(written.dropLast()) == ["plan.json", "results.json", "applied.json"] && written.last == "spec.yaml")
        let remains = try await store.remains(ofRun: 1)
        #expect(remains?.spec == "drover: v1\n" && remains?.files == [])
    }

    @Test("An apply that left nothing has no remains; one whose files are something else is told")
    func strange() async throws {
        for store in stores() {
            try await store.log(Self.entry("apply"), leaving: nil)
            #expect(try await store.remains(ofRun: 1) == nil)
        }
        let file = FileRecord(path: path)
        try await file.log(Self.entry("apply"), leaving: Self.remains())
        let folder = "\(path.dropLast(5)).runs/2"
        try Data("{".utf8).write(to: URL(filePath: "\(folder)/files.json"))
        let thrown = await #expect(throws: Diagnostic.self) { try await file.remains(ofRun: 2) }
        #expect(thrown?.code.name == "record-unreadable")
    }

    @Test("A document that was edited before it could be kept is noted as not kept")
    func editedMeanwhile() async throws {
        let document = URL.temporaryDirectory.appending(path: "drover-\(UUID().uuidString)")
        try Data("edited".utf8).write(to: document)
        for store in stores() {
            try await store.log(Self.entry("apply"), leaving: Self.remains(.file(document.path)))
            #expect(try await store.remains(ofRun: 1)?.files.map(\.isKept) == [false, false])
        }
    }

    @Test("Artifacts that may not be read are something that is lacking")
    func denied() async throws {
        let store = MLflowRecord(mlflow.server(), stack: StackName("shop"))
        try await store.log(Self.entry("apply"), leaving: Self.remains())
        let denying = DenyingTransport(mlflow)
        let server = MLflowServer(
            Endpoint(service: "MLflow", base: FakeMLflow.base, transport: denying, retry: RetryPolicy(attempts: 1)))
        let thrown = await #expect(throws: Diagnostic.self) {
            try await MLflowRecord(server, stack: StackName("shop")).remains(ofRun: 1)
        }
        #expect(thrown?.code.name == "no-artifact-access" && thrown?.cause == .lacking)
    }

    @Test("Only the newest hundred applies leave something in a folder")
    func limit() async throws {
        let store = FileRecord(path: path)
        for _ in 1...102 { try await store.log(Self.entry("apply"), leaving: Self.remains()) }
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(path.dropLast(5)).runs")
        #expect(names.count == 100 && !names.contains("2") && names.contains("3"))
        #expect(try await store.history().first?.number == 3)
    }
}

/// A server that refuses to show artifacts.
private struct DenyingTransport: HTTPTransport {
    let inner: FakeMLflow

    init(_ inner: FakeMLflow) {
        self.inner = inner
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard request.method == .get, request.url.contains("mlflow-artifacts/artifacts/") else {
            return try await inner.send(request)
        }
        return HTTPResponse(status: 403, headers: [], body: Array("{\"error_code\": \"PERMISSION_DENIED\"}".utf8))
    }

    func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        try await inner.stream(request, read)
    }
}
