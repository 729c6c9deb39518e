import Fakes
import FoundationEssentials
import Language
import Runtime
import Testing
import Wire

@testable import Reports
@testable import Suites

/// What joined shards give as evidence.
@Suite("Evidence of joined shards")
struct MergedEvaluationTests {
    private let key = "k1"
    private let suite: TestSuite
    private let sources: SourceMap

    init() {
        var sources = SourceMap()
        let source = sources.add(Source(path: "spec.yaml", bytes: Array("suites: {}\n".utf8)))
        let range = SourceRange(
            source: source, start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 7))
        let cases = ["one", "two"].map { name in
            TestCase(
                id: CaseID(suite: "golden", name: name), name: name, range: range, turns: [],
                repetition: Repetition(samples: 5, atLeast: 4))
        }
        suite = TestSuite(name: "golden", agent: "support", range: range, cases: cases)
        self.sources = sources
    }

    /// The log of a shard with one of the two cases.
    private func shard(
        _ text: String, as id: String, passed: Int, failed: Int = 0, changed: Set<String> = [], isShown: Bool = true,
        experiment: String = "0"
    ) throws -> RecordedRun {
        let shard = try Shard(text, jobIndex: nil)
        let evaluation = EvaluationRecord(
            place: MLflowPlace(experimentID: experiment),
            dataset: MLflowRunDataset(name: "golden", digest: "d", place: "spec.yaml", rows: 2), scorers: "s",
            evidence: StandingEvidence(key: key, earlier: EarlierSamples()))
        let record = RunRecord(
            id: id, stack: "s", version: "1", startedAt: "2027-01-15T08:00:00Z", mlflow: FakeMLflow.base,
            evaluations: isShown ? ["golden": evaluation] : [:], sources: sources, shard: shard)
        let dealt = try shard.dealt(from: [suite])
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let recorder = try RunRecorder(record, dealt, in: sources, to: log)
        let testCase = try #require(dealt.first?.cases.first)
        let verdicts =
            Array(repeating: SampleVerdict.passed, count: passed) + Array(repeating: .failed, count: failed)
        for (index, verdict) in verdicts.enumerated() {
            let sample = Sample(verdict: verdict, turns: [])
            try recorder.take(
                .sampleFinished(FinishedSample(id: testCase.id, number: index + 1, sample: sample, trace: nil)))
        }
        if verdicts.count < 5 { try recorder.take(.caseFinished(testCase.id, .inconclusive, notRun: .interrupted)) }
        try recorder.take(.suiteFinished(try #require(try recorder.recorded.run.suites.first)))
        return try recorder.end(after: .zero, changed: changed)
    }

    /// Joins shards, and shows the whole.
    private func join(_ shards: [RecordedRun], at fake: FakeMLflow) async throws -> [Diagnostic] {
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let whole = try ShardMerge(shards).write(to: log, as: "whole", version: "1")
        return await MergedEvaluation(to: fake.server(), whole, now: 1_800_000_000_000).publish()
    }

    private func evidence(in fake: FakeMLflow) async throws -> [Evidence] {
        try await fake.server().evidence(underKey: key, inExperiments: ["0"])
    }

    @Test("What failed when it was joined stays so when it is joined again, though better samples came meanwhile")
    func joinedAgain() async throws {
        let fake = FakeMLflow()
        let bad = [try shard("1/2", as: "a", passed: 5), try shard("2/2", as: "b", passed: 3, failed: 2)]
        #expect(try await join(bad, at: fake).isEmpty)
        #expect(try await evidence(in: fake).map(\.verdict) == ["failed"])
        let good = [try shard("1/2", as: "c", passed: 5), try shard("2/2", as: "d", passed: 5)]
        #expect(try await join(good, at: fake).isEmpty)
        #expect(try await join(bad, at: fake).isEmpty)
        #expect(Set(try await evidence(in: fake).map(\.verdict)) == ["failed", "passed"])
        #expect(fake.store.runs.count == 2)
    }

    @Test("Where MLflow refuses the report for good, that is told, and the run ends all the same")
    func refusedReport() async throws {
        let fake = FakeMLflow()
        let refusing = Interposed(fake) { request, send in
            guard request.method == .put else { return try await send() }
            return HTTPResponse(status: 400, body: Array(#"{"error_code": "REFUSED", "message": "No"}"#.utf8))
        }
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let shards = [try shard("1/2", as: "a", passed: 5), try shard("2/2", as: "b", passed: 5)]
        let whole = try ShardMerge(shards).write(to: log, as: "whole", version: "1")
        let warnings = await MergedEvaluation(to: refusing.mlflow, whole, now: 1_800_000_000_000).publish()
        #expect(warnings.map(\.code.name) == ["not-published"])
        #expect(fake.store.runs.map(\.status) == ["FINISHED"])
    }

    @Test("What failed is evidence though it shares a shard with what counts already; what passed is not")
    func shared() async throws {
        let fake = FakeMLflow()
        let common = try shard("1/2", as: "a", passed: 5)
        #expect(try await join([common, try shard("2/2", as: "b", passed: 3)], at: fake).isEmpty)
        #expect(try await evidence(in: fake).map(\.verdict) == ["inconclusive"])
        let good = try await join([common, try shard("2/2", as: "c", passed: 5)], at: fake)
        #expect(good.map(\.code.name) == ["counted-already"])
        #expect(try await evidence(in: fake).map(\.verdict) == ["inconclusive"])
        let bad = try await join([common, try shard("2/2", as: "d", passed: 1, failed: 4)], at: fake)
        #expect(bad.isEmpty)
        #expect(try await evidence(in: fake).contains { $0.verdict == "failed" })
    }

    @Test("Samples in the other experiments of the stack count beside joined shards, and those of another stack do not")
    func otherExperiment() async throws {
        for (stack, verdict) in [("s", "failed"), ("t", "passed")] {
            let fake = FakeMLflow()
            let more = try await fake.server().createExperiment("more", tags: ["drover.stack": stack])
            let earlier = [
                try shard("1/2", as: "a", passed: 1, failed: 1, experiment: more),
                try shard("2/2", as: "b", passed: 5, experiment: more),
            ]
            #expect(try await join(earlier, at: fake).isEmpty)
            // Alone they pass: four of five. All are five of seven.
            let now = [try shard("1/2", as: "c", passed: 4, failed: 1), try shard("2/2", as: "d", passed: 5)]
            #expect(try await join(now, at: fake).isEmpty)
            #expect(try await evidence(in: fake).map(\.verdict) == [verdict])
        }
    }

    @Test("What a shard did not show in MLflow makes the whole no evidence")
    func unseen() async throws {
        for unseen in ["1/2", "2/2"] {
            let fake = FakeMLflow()
            let shards = try ["1/2", "2/2"].map { try shard($0, as: $0, passed: 5, isShown: $0 != unseen) }
            #expect(try await join(shards, at: fake).isEmpty)
            #expect(try await evidence(in: fake).isEmpty)
            #expect(fake.store.runs.count == 1)
        }
    }

    @Test("Where something changed while a shard ran, only what failed in the whole counts")
    func changed() async throws {
        let fake = FakeMLflow()
        let restless = try shard("1/2", as: "a", passed: 5, changed: ["golden"])
        let told = try await join([restless, try shard("2/2", as: "b", passed: 5)], at: fake)
        #expect(told.map(\.code.name) == ["changed-meanwhile"])
        #expect(try await evidence(in: fake).isEmpty)
        #expect(try await join([restless, try shard("2/2", as: "c", passed: 2, failed: 1)], at: fake).isEmpty)
        #expect(try await evidence(in: fake).map(\.failuresOnly) == [true])
    }
}
