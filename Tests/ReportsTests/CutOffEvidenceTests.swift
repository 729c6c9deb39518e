import Fakes
import FoundationEssentials
import Language
import Runtime
import Support
import Synchronization
import Testing
import Wire

@testable import Reports
@testable import Suites

@Suite("Evidence of runs that were cut off")
struct CutOffEvidenceTests {
    let place = MLflowPlace(experimentID: "0", modelURI: "models:/support/3")
    let key = "k1"
    private let suite: TestSuite
    private let sources: SourceMap

    init() {
        var sources = SourceMap()
        let source = sources.add(Source(path: "spec.yaml", bytes: Array("suites: {}\n".utf8)))
        let range = SourceRange(
            source: source, start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 7))
        let testCase = TestCase(
            id: CaseID(suite: "golden", name: "refund"), name: "refund", range: range, turns: [],
            repetition: Repetition(samples: 5, atLeast: 4))
        suite = TestSuite(name: "golden", agent: "support", range: range, cases: [testCase])
        self.sources = sources
    }

    /// Logs the samples of a run, and tells what happens in it.
    private func record(
        _ verdicts: [SampleVerdict], as id: String, to log: SampleLog?, isKilled: Bool = false,
        onEvent: (SuiteEvent) -> Void
    ) throws -> RunRecorder {
        let log = try log ?? SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let record = RunRecord(
            id: id, stack: "s", version: "1", startedAt: "2027-01-15T08:00:00Z", sources: sources)
        let recorder = try RunRecorder(record, [suite], in: sources, to: log)
        func take(_ event: SuiteEvent) throws {
            try recorder.take(event)
            onEvent(event)
        }
        let id = suite.cases[0].id
        for (index, verdict) in verdicts.enumerated() {
            let span = Span("support", .agent, start: 0, end: 5_000_000)
            let trace = Trace(
                id: .random(), root: span, request: "q", response: "a")
            try take(
                .sampleFinished(
                    FinishedSample(
                        id: id, number: index + 1, sample: Sample(verdict: verdict, turns: []), trace: trace)))
        }
        guard !isKilled else { return recorder }
        if verdicts.count < 5 { try take(.caseFinished(id, .inconclusive, notRun: .interrupted)) }
        try take(.suiteFinished(try #require(try recorder.recorded.run.suites.first)))
        return recorder
    }

    @discardableResult
    func publish(
        _ verdicts: [SampleVerdict], as id: String, to fake: FakeMLflow, isKilled: Bool = false, shard: String? = nil,
        resuming resumed: [String] = [], spool: Spool? = nil, log: SampleLog? = nil, logged: String? = nil,
        isChanged: Bool = false, isOpen: Bool = false, isSettled: Bool = false, at other: String? = nil
    ) async throws -> [Diagnostic] {
        var events: [SuiteEvent] = []
        let recorder = try record(verdicts, as: logged ?? id, to: log, isKilled: isKilled) { events.append($0) }
        var context = EvaluationContext(
            stack: "s", version: "1", commit: nil, shard: shard, id: id, sources: sources, log: recorder.path,
            recorded: { try recorder.recorded(suite: $0) }, now: { 1_800_000_000_000 })
        (context.run, context.resumed) = (id, resumed)
        context.hasChanged = { _ in isChanged }
        var earlier = EarlierSamples()
        if !isKilled && !isOpen { earlier = try await samples(in: fake, besides: resumed) }
        context.evidence = ["golden": StandingEvidence(key: key, earlier: earlier)]
        return try await EvaluationPublisher.withPublisher(
            to: fake.server(), [suite], places: ["golden": other.map { MLflowPlace(experimentID: $0) } ?? place],
            context, spool: spool,
            deadline: spool != nil ? .milliseconds(20) : .seconds(10)
        ) { publisher in
            for event in events { publisher.take(event, isOpen: isOpen) }
            for case .suiteFinished(let result) in events where isSettled { publisher.settle(result) }
        }.warnings
    }

    func evidence(in fake: FakeMLflow) async throws -> [Evidence] {
        try await fake.server().evidence(underKey: key, inExperiments: ["0"])
    }

    func samples(in fake: FakeMLflow, besides resumed: [String]) async throws -> EarlierSamples {
        let parts = Set(resumed.map(Evidence.digest(ofRun:)))
        let all = try await fake.server().evidence(underKey: key, inExperiments: ["0"], besides: parts)
        return try await fake.server().samples(of: all).samples
    }

    /// - Parameter present: What the evidence of the suite is kept under when it is sent; nil where nobody can tell.
    func sender(to fake: FakeMLflow, present: String?) -> SpoolSender {
        SpoolSender(
            to: fake.server(), now: { 1_800_000_000 }, presentKeys: { _, _ in present.map { ["golden": $0] } })
    }

    @Test("What an interrupted run found counts for the next one, which fails by it")
    func interrupted() async throws {
        let fake = FakeMLflow()
        try await publish([.failed], as: "one", to: fake)
        let cut = try #require(try await evidence(in: fake).first)
        #expect(cut.verdict == "inconclusive" && cut.samples == Evidence.Samples(passed: 0, failed: 1, errors: 0))
        try await publish([.passed, .passed, .passed, .passed, .failed], as: "two", to: fake)
        let all = try await evidence(in: fake)
        // Alone it passes: four of five.
        let failed = try #require(all.first { $0.verdict == "failed" })
        let decision = GateDecision(of: all, maxAge: .seconds(3600), rerun: .changed, now: 1_800_000_000)
        #expect(decision == .failed(failed))
    }

    @Test("A run that was interrupted before its first sample is no evidence")
    func empty() async throws {
        let fake = FakeMLflow()
        try await publish([], as: "one", to: fake)
        #expect(fake.store.runs.count == 1)
        #expect(try await evidence(in: fake).isEmpty)
    }

    @Test("What a killed run had found counts once the next command has sent it")
    func killed() async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            try await publish(
                [.passed, .failed], as: "one", to: away, isKilled: true, spool: Spool(in: directory, name: "one"),
                log: try SampleLog.create("\(directory)/run.log"))
            let back = FakeMLflow()
            let reads = Mutex(0)
            let read: @Sendable (String) throws -> RecordedRun = { path in
                reads.withLock { $0 += 1 }
                return try RecordedRun.read(try SampleLog.read(path))
            }
            let sender = SpoolSender(to: back.server(), read: read, presentKeys: { _, _ in ["golden": "k2"] })
            let sent = await sender.sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["killed-run-unknown"], "\(sent.warnings)")
            #expect(reads.withLock { $0 } == 1, "For its evidence and its reports.")
            #expect(back.store.runs.map(\.status) == ["KILLED"])
            let found = try #require(try await evidence(in: back).first)
            #expect(found.samples == Evidence.Samples(passed: 1, failed: 1, errors: 0))
            #expect(found.verdict == "inconclusive" && found.version == "models:/support/3")
            #expect(found.failuresOnly == true, "Nobody knows what the sample that passed is of.")
            try await publish([.passed, .passed, .passed, .passed, .failed], as: "two", to: back)
            #expect(try await evidence(in: back).map(\.verdict).contains("failed"), "4 of 6 are too few.")
        }
    }

    /// Keeps a run in a spool that is killed, with its log beside it.
    func killed(
        _ verdicts: [SampleVerdict], in directory: String, hasEnded: Bool = false
    ) async throws {
        let away = FakeMLflow()
        away.cut(.before(1))
        try await publish(
            verdicts, as: "one", to: away, isKilled: !hasEnded, spool: Spool(in: directory, name: "one"),
            log: try SampleLog.create("\(directory)/run.log"), isOpen: hasEnded)
    }

    @Test("What passed in a killed run counts beside what failed where what it tested is still the same")
    func killedUnchanged() async throws {
        try await withTemporaryDirectory { directory in
            try await killed([.passed, .failed, .passed, .passed], in: directory)
            let back = FakeMLflow()
            let sent = await sender(to: back, present: key).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.isEmpty, "\(sent.warnings)")
            let found = try #require(try await evidence(in: back).first)
            #expect(found.failuresOnly == nil && found.verdict == "inconclusive")
            #expect(found.samples == Evidence.Samples(passed: 3, failed: 1, errors: 0))
            let honest = FakeMLflow()
            try await publish([.passed, .failed, .passed, .passed], as: "one", to: honest)
            let counted = try await samples(in: honest, besides: [])
            #expect(try await samples(in: back, besides: []) == counted, "As if nobody had killed it.")
        }
    }

    @Test("A suite that had ended before its run was killed has passed where what it tested is still the same")
    func endedUnchanged() async throws {
        for verdicts in [[SampleVerdict](repeating: .passed, count: 5), [.failed, .passed, .passed, .passed, .passed]] {
            try await withTemporaryDirectory { directory in
                try await killed(verdicts, in: directory, hasEnded: true)
                let back = FakeMLflow()
                let sent = await sender(to: back, present: key).sendAll(in: directory)
                #expect(sent.sent == 1 && sent.warnings.isEmpty, "\(sent.warnings)")
                let found = try await evidence(in: back)
                #expect(found.map(\.verdict) == ["passed"] && found.map(\.failuresOnly) == [nil])
            }
        }
    }

    @Test("Where nobody can tell whether it is the same, the failures count, and what passed waits for who can")
    func killedWaits() async throws {
        try await withTemporaryDirectory { directory in
            try await killed([.passed, .failed], in: directory)
            let back = FakeMLflow()
            let waits = await sender(to: back, present: nil).sendAll(in: directory)
            #expect(waits.sent == 0 && waits.warnings.map(\.code.name) == ["killed-run-waits"])
            #expect(try await evidence(in: back).map(\.failuresOnly) == [true])
            let sent = await sender(to: back, present: key).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.isEmpty, "\(sent.warnings)")
            #expect(try await evidence(in: back).map(\.failuresOnly) == [nil])
            #expect(back.store.runs.count == 1 && Spool.files(in: directory).isEmpty)
        }
    }

    @Test("What passed in a killed run waits no longer than it would count")
    func killedLongAgo() async throws {
        try await withTemporaryDirectory { directory in
            try await killed([.passed, .failed], in: directory)
            let back = FakeMLflow()
            let later = 1_800_000_001 + Int(Evidence.standardAge.components.seconds)
            let sent = await SpoolSender(to: back.server(), now: { later }).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["killed-run-unknown"])
            #expect(try await evidence(in: back).map(\.failuresOnly) == [true] && Spool.files(in: directory).isEmpty)
        }
    }

    @Test("Where the log of a killed run is gone, that is told")
    func killedWithoutLog() async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            try await publish(
                [.failed], as: "one", to: away, isKilled: true, spool: Spool(in: directory, name: "one"),
                log: try SampleLog.create("\(directory)/run.log"))
            try FileManager.default.removeItem(atPath: "\(directory)/run.log")
            let sent = await SpoolSender(to: FakeMLflow().server()).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["killed-run-unknown"])
        }
    }

    @Test("What a killed run says is not read from the log of another run in the same place")
    func killedBesideOther() async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            try await publish(
                [.failed], as: "one", to: away, isKilled: true, spool: Spool(in: directory, name: "one"),
                log: try SampleLog.create("\(directory)/run.log"), logged: "two")
            let back = FakeMLflow()
            let sent = await sender(to: back, present: "k2").sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["killed-run-unknown"])
            #expect(try await evidence(in: back).isEmpty)
        }
    }

    @Test(
        "What passed in a killed run is no evidence where what it tested is no longer the same",
        arguments: [5, 2])
    func killedAfterPassing(count: Int) async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            try await publish(
                Array(repeating: .passed, count: count), as: "one", to: away, isKilled: true,
                spool: Spool(in: directory, name: "one"), log: try SampleLog.create("\(directory)/run.log"))
            let back = FakeMLflow()
            let sent = await sender(to: back, present: "k2").sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["killed-run-unknown"])
            #expect(back.store.runs.map(\.status) == ["KILLED"])
            #expect(try await evidence(in: back).isEmpty)
        }
    }

    @Test("What failed in a killed run counts also where all samples under the key passed")
    func killedAfterOthers() async throws {
        try await withTemporaryDirectory { directory in
            let back = FakeMLflow()
            for id in ["one", "two", "three"] {
                try await publish(Array(repeating: .passed, count: 5), as: id, to: back)
            }
            let away = FakeMLflow()
            away.cut(.before(1))
            try await publish(
                [.passed, .passed, .passed, .failed, .failed], as: "four", to: away, isKilled: true,
                spool: Spool(in: directory, name: "four"), log: try SampleLog.create("\(directory)/run.log"))
            let sent = await sender(to: back, present: "k2").sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["killed-run-unknown"])
            let found = try #require(try await evidence(in: back).first { $0.samples.failed == 2 })
            #expect(found.verdict == "inconclusive" && found.failuresOnly == true)
        }
    }

    @Test("A suite that had ended in a killed run is there as it ended; what failed in it counts, what passed does not")
    func killedAfterEnd() async throws {
        let all: [(SampleVerdict, String)] = [(.passed, "FINISHED"), (.failed, "FAILED")]
        for (verdict, status) in all {
            try await withTemporaryDirectory { directory in
                let away = FakeMLflow()
                away.cut(.before(1))
                try await publish(
                    Array(repeating: verdict, count: 5), as: "one", to: away, spool: Spool(in: directory, name: "one"),
                    log: try SampleLog.create("\(directory)/run.log"), isOpen: true)
                let back = FakeMLflow()
                let sent = await sender(to: back, present: "k2").sendAll(in: directory)
                #expect(sent.sent == 1)
                #expect(sent.warnings.map(\.code.name) == (verdict == .passed ? ["killed-run-unknown"] : []))
                #expect(back.store.runs.map(\.status) == [status])
                #expect(try await evidence(in: back).map(\.verdict) == (verdict == .passed ? [] : ["failed"]))
            }
        }
    }

    @Test("Samples that failed count though something has changed meanwhile, and nothing was decided")
    func changedUndecided() async throws {
        let fake = FakeMLflow()
        try await publish([.passed, .passed], as: "one", to: fake, isChanged: true)
        #expect(try await evidence(in: fake).isEmpty)
        try await publish([.passed, .failed], as: "two", to: fake, isChanged: true)
        #expect(try await evidence(in: fake).map(\.verdict) == ["inconclusive"])
        let steady = FakeMLflow()
        try await publish([.failed], as: "one", to: steady)
        let counted = try await samples(in: fake, besides: [])
        #expect(try await samples(in: steady, besides: []) == counted, "What passed is not added to.")
    }

    @Test("Of what did not decide the failures are evidence at once, and all of it once nothing has changed")
    func openUndecided() async throws {
        for isSettled in [false, true] {
            try await withTemporaryDirectory { directory in
                let away = FakeMLflow()
                away.cut(.before(1))
                try await publish(
                    [.passed, .failed], as: "one", to: away, spool: Spool(in: directory, name: "one"),
                    log: try SampleLog.create("\(directory)/run.log"), isOpen: true, isSettled: isSettled)
                let back = FakeMLflow()
                let sent = await sender(to: back, present: "k2").sendAll(in: directory)
                #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == (isSettled ? [] : ["killed-run-unknown"]))
                #expect(try await evidence(in: back).map(\.failuresOnly) == [isSettled ? nil : true])
            }
        }
    }

    @Test("A run that was interrupted or killed is not blessed")
    func blessed() async throws {
        let fake = FakeMLflow()
        let store = BaselineStore(fake.server())
        let candidate = BaselineStore.Candidate(suite: "golden", stack: "s", experiment: "0")
        func bless() async throws -> String? {
            do {
                return try await store.bless(candidate, run: nil, isAlone: false)?.verdict
            } catch let problem as Diagnostic {
                return problem.code.name
            }
        }
        try await publish([.passed, .passed], as: "one", to: fake)
        #expect(try await bless() == "unfinished-baseline")
        let cut = try #require(fake.store.runs.first).id
        try await fake.server().deleteRun(cut)
        try await publish(Array(repeating: .passed, count: 5), as: "two", to: fake)
        #expect(try await bless() == "passed")
        let whole = try #require(fake.store.runs.last).id
        try await fake.server().updateRun(whole, status: .killed)
        #expect(try await bless() == "unfinished-baseline")
    }
}
