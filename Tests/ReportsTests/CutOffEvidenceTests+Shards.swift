import Fakes
import Language
import Runtime
import Support
import Testing
import Wire

@testable import Reports
@testable import Suites

/// Shards, and the runs that go on with them.
extension CutOffEvidenceTests {
    @Test("A shard that failed counts though it is run again, and is never taken for the whole")
    func shards() async throws {
        let fake = FakeMLflow()
        try await publish(Array(repeating: .failed, count: 5), as: "one", to: fake, shard: "1/2")
        #expect(try await evidence(in: fake).map(\.verdict) == ["failed"])
        let other = FakeMLflow()
        try await publish(Array(repeating: .passed, count: 5), as: "two", to: other, shard: "1/2")
        #expect(try await evidence(in: other).map(\.verdict) == ["inconclusive"])
    }

    @Test("A shard that goes on with another one does not count that one's samples twice")
    func goneOn() async throws {
        let fake = FakeMLflow()
        try await publish([.failed], as: "one", to: fake, shard: "1/2")
        let whole: [SampleVerdict] = [.failed, .passed, .passed, .passed, .passed]
        try await publish(whole, as: "two", to: fake, shard: "1/2", resuming: ["one"])
        let all = try await evidence(in: fake)
        #expect(all.map(\.samples.failed) == [1] && all.map(\.verdict) == ["inconclusive"])
    }

    @Test("A shard that was joined, or gone on with, counts there and not again")
    func joined() async throws {
        let fake = FakeMLflow()
        try await publish([.passed], as: "one", to: fake, shard: "1/2")
        try await publish([.passed, .passed], as: "two", to: fake, shard: "1/2", resuming: ["one"])
        #expect(try await evidence(in: fake).map(\.samples.passed) == [2])
        try await publish([.passed, .passed, .passed], as: "three", to: fake, shard: "2/2")
        #expect(try await evidence(in: fake).map(\.samples.passed).sorted() == [2, 3])
        let parts = ["one", "two", "three"].map(Evidence.digest(ofRun:))
        let whole = Evidence(
            suite: "golden", key: key, samples: Evidence.Samples(passed: 5, failed: 0, errors: 0), attempts: 5,
            at: "2027-01-15T08:00:00Z", run: "w", verdict: "passed")
        _ = try await fake.server().createRun(
            inExperiment: "0", name: "golden", startTime: 1,
            tags: [
                Evidence.tag: whole.text, Evidence.keyTag: key, Evidence.partsTag: parts.joined(separator: " "),
            ])
        #expect(try await evidence(in: fake) == [whole])
        try await publish([.failed], as: "four", to: fake, shard: "2/2")
        #expect(try await evidence(in: fake).map(\.samples.failed).sorted() == [0, 1])
    }

    /// A run that has evidence on it, as if shards were joined to it.
    private func join(_ shards: [String], ofSuite suite: String, failed: Int = 0, to fake: FakeMLflow) async throws {
        var evidence = Evidence(
            suite: suite, key: key, samples: Evidence.Samples(passed: 5, failed: failed, errors: 0),
            attempts: 5 + failed, at: "2027-01-15T08:00:00Z", run: "w", verdict: "passed")
        evidence.logical = "l1"
        let parts = shards.map(Evidence.digest(ofRun:)).joined(separator: " ")
        _ = try await fake.server().createRun(
            inExperiment: "0", name: suite, startTime: 1,
            tags: [
                Evidence.tag: evidence.text, Evidence.keyTag: key, Evidence.partsTag: parts,
                Evidence.logicalTag: "l1", Evidence.suiteTag: suite,
            ])
    }

    @Test("The failure of a shard is not taken back by joining it")
    func failedThenJoined() async throws {
        let fake = FakeMLflow()
        try await publish(Array(repeating: .failed, count: 5), as: "one", to: fake, shard: "1/2")
        try await join(["one", "two"], ofSuite: "golden", failed: 5, to: fake)
        #expect(Set(try await evidence(in: fake).map(\.verdict)) == ["failed", "passed"])
    }

    @Test("Shards are joined suite by suite: what is joined of one suite takes nothing from another one")
    func joinedOfOneSuite() async throws {
        let fake = FakeMLflow()
        try await publish([.passed], as: "one", to: fake, shard: "1/2")
        let shard = try #require(fake.store.runs.first)
        try await fake.server().logBatch(toRun: shard.id, metrics: [], tags: [Evidence.logicalTag: "l1"])
        let text = try #require(shard.tags.first { $0.key == Evidence.tag }?.value)
        var known = try #require(Evidence(text))
        known.logical = "l1"
        try await fake.server().logBatch(toRun: shard.id, metrics: [], tags: [Evidence.tag: known.text])
        try await join(["one", "two"], ofSuite: "manners", to: fake)
        let found = try await fake.server().evidence(ofAgent: "l1", bySuite: "golden", inExperiments: ["0"])
        #expect(found == [known])
    }

    @Test("A shard counts in all that went on with it, also where one between them left nothing")
    func lineage() async throws {
        let fake = FakeMLflow()
        try await publish([.passed], as: "one", to: fake, shard: "1/2")
        try await publish([.passed, .passed, .passed], as: "three", to: fake, shard: "1/2", resuming: ["one", "two"])
        #expect(try await evidence(in: fake).map(\.samples.passed) == [3])
    }

    @Test("Of two runs that went on with one shard only one counts, and what failed in any case")
    func goneOnTwice() async throws {
        let fake = FakeMLflow()
        try await publish([.passed], as: "one", to: fake, shard: "1/2")
        try await publish([.passed, .passed], as: "two", to: fake, shard: "1/2", resuming: ["one"])
        try await publish([.passed, .passed], as: "three", to: fake, shard: "1/2", resuming: ["one"])
        #expect(try await evidence(in: fake).map(\.samples.passed) == [2])
        let failed: [SampleVerdict] = [.passed, .failed, .failed, .failed, .failed]
        try await publish(failed, as: "four", to: fake, shard: "1/2", resuming: ["one"])
        #expect(try await evidence(in: fake).map(\.verdict).contains("failed"))
    }

    @Test("Of two runs that went on with one shard the worse counts, however much the better one has gone on with")
    func betterThenWorse() async throws {
        let fake = FakeMLflow()
        try await publish([.passed], as: "one", to: fake, shard: "1/2")
        // Undecided: one of five may fail.
        try await publish([.passed, .failed], as: "bad", to: fake, shard: "1/2", resuming: ["one"])
        try await publish([.passed, .passed, .passed], as: "good", to: fake, shard: "1/2", resuming: ["one", "x"])
        #expect(try await evidence(in: fake).map(\.samples.failed) == [1])
        // Nor does the better one take it back where it counts elsewhere.
        let parts = Set(["one", "x", "good"].map(Evidence.digest(ofRun:)))
        let besides = try await fake.server().evidence(underKey: key, inExperiments: ["0"], besides: parts)
        #expect(besides.map(\.samples.failed) == [1])
    }

    @Test("What shares a shard with one that counts elsewhere, and has nothing that failed, counts nothing twice")
    func sharedElsewhere() async throws {
        let fake = FakeMLflow()
        try await publish([.passed], as: "one", to: fake, shard: "1/2")
        try await publish([.passed, .passed], as: "two", to: fake, shard: "1/2", resuming: ["one"])
        let parts = Set(["one", "three"].map(Evidence.digest(ofRun:)))
        #expect(try await fake.server().evidence(underKey: key, inExperiments: ["0"], besides: parts).isEmpty)
    }

    @Test("A joined run still counts where a worse run goes on with one of its shards, which counts beside it")
    func besideWorse() async throws {
        let fake = FakeMLflow()
        try await publish([.passed], as: "one", to: fake, shard: "1/2")
        try await publish([.passed, .passed], as: "two", to: fake, shard: "2/2")
        try await join(["one", "two"], ofSuite: "golden", to: fake)
        #expect(try await evidence(in: fake).map(\.samples.passed) == [5])
        try await publish([.passed, .failed], as: "three", to: fake, shard: "1/2", resuming: ["one"])
        let all = try await evidence(in: fake)
        #expect(all.map(\.samples.failed).sorted() == [0, 1])
        let passed = try #require(all.first { $0.verdict == "passed" })
        let decision = GateDecision(of: all, maxAge: .seconds(3600), rerun: .changed, now: 1_800_000_000)
        #expect(decision == .passed(passed), "The gate does not run again.")
        #expect(
            GateHistory(all).told == "6 samples in 2 runs: 5 passed, 1 failed, 0 errors", "What both hold is told once."
        )
        let own = FakeMLflow()
        try await publish([.failed], as: "three", to: own, shard: "1/2")
        let worse = try await fake.server().samples(of: all.filter { $0.samples.failed > 0 }).samples
        #expect(try await samples(in: own, besides: []) == worse, "Not the sample that both hold.")
    }

    @Test("What failed in a joined run counts once though its shard, which left no evidence, was gone on with")
    func joinedUnknown() async throws {
        let fake = FakeMLflow()
        try await join(["one", "two"], ofSuite: "golden", failed: 1, to: fake)
        for id in ["three", "four"] {
            try await publish([.failed, .passed], as: id, to: fake, shard: "1/2", resuming: ["one"])
        }
        #expect(try await evidence(in: fake).map(\.samples.failed) == [1])
    }

    @Test("Two runs that went on with one joined shard, each worse, count both")
    func worseTwice() async throws {
        let fake = FakeMLflow()
        try await publish([.passed], as: "one", to: fake, shard: "1/2")
        try await join(["one", "two"], ofSuite: "golden", to: fake)
        for id in ["three", "four"] {
            try await publish([.passed, .failed], as: id, to: fake, shard: "1/2", resuming: ["one"])
        }
        #expect(try await evidence(in: fake).map(\.samples.failed).sorted() == [0, 1, 1])
    }

    @Test("A failure counts once though two runs go on with the same shard, one of them killed while it took it over")
    func killedAfterTakingOver() async throws {
        try await withTemporaryDirectory { directory in
            let back = FakeMLflow()
            let whole: [SampleVerdict] = [.failed, .passed, .passed, .passed, .passed]
            try await publish(whole, as: "one", to: back, shard: "1/2")
            let away = FakeMLflow()
            away.cut(.before(1))
            try await publish(
                [.failed], as: "two", to: away, isKilled: true, shard: "1/2", resuming: ["one"],
                spool: Spool(in: directory, name: "two"), log: try SampleLog.create("\(directory)/run.log"))
            let sent = await sender(to: back, present: "k2").sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["killed-run-unknown"], "\(sent.warnings)")
            #expect(back.store.runs.map(\.status).contains("KILLED"))
            // Four of five is enough, and would not be with another failure.
            try await publish(whole, as: "three", to: back, shard: "1/2", resuming: ["one"])
            let all = try await evidence(in: back)
            #expect(all.map(\.verdict) == ["inconclusive"])
            #expect(all.map(\.samples.passed) == [4], "Not the killed one, of which only the failure counts.")
        }
    }

    @Test("Of a run that shares a shard with one that counts elsewhere, only its own samples are added to")
    func ownSamples() async throws {
        let fake = FakeMLflow()
        try await publish([.passed, .passed, .passed], as: "one", to: fake, shard: "1/2")
        try await publish(
            [.passed, .passed, .passed, .failed], as: "two", to: fake, shard: "1/2", resuming: ["one"])
        let own = FakeMLflow()
        try await publish([.failed], as: "three", to: own, shard: "1/2")
        let expected = try await samples(in: own, besides: [])
        #expect(try await samples(in: fake, besides: ["one"]) == expected)
    }
}
