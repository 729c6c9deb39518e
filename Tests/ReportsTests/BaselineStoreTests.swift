import Fakes
import Language
import Suites
import Testing
import Wire

@testable import Reports

/// Which run is kept as the baseline of a suite, with the sample run of the reports' golden files in a fake MLflow.
@Suite("BaselineStore")
struct BaselineStoreTests {
    private let fake = FakeMLflow()
    private var store: BaselineStore { BaselineStore(fake.server()) }
    private let golden = BaselineStore.Candidate(suite: "golden", stack: "helpdesk", experiment: "0")

    /// Runs the suites, as one command with an id.
    private func publish(_ id: String, isPart: Bool = false) async throws {
        let sample = try SampleRun()
        var events: [SuiteEvent] = []
        let recorder = try sample.log { events.append($0) }.recorder
        var context = EvaluationContext(
            stack: "helpdesk", version: "1.0.0", commit: nil, id: id, sources: sample.sources,
            log: recorder.path, recorded: { try recorder.recorded(suite: $0) },
            now: { 1_800_000_000_000 + (isPart ? 1_000 : 0) })
        context.isPart = isPart
        let place = MLflowPlace(experimentID: "0")
        let warnings = try await EvaluationPublisher.withPublisher(
            to: fake.server(), sample.suites, places: ["golden": place, "smoke": place], context
        ) { publisher in
            for event in events { publisher.take(event) }
        }.warnings
        #expect(warnings.isEmpty)
    }

    private func tags() -> [String: String] {
        Dictionary(fake.store.experiments[0].tags.map { ($0.key, $0.value) }) { first, _ in first }
    }

    private func run(of suite: String) throws -> String {
        try #require(fake.store.runs.last { $0.name == suite }).id
    }

    @Test("The latest run of a suite is blessed, named by a tag of the experiment, and read back sample by sample")
    func latest() async throws {
        #expect(try await store.blessed("golden", inExperiment: "0") == nil)
        #expect(try await store.bless(golden, run: nil, isAlone: true) == nil)
        try await publish("one")
        let blessing = try #require(try await store.bless(golden, run: nil, isAlone: false))
        #expect(blessing.verdict == "failed" && blessing.cases == 5)
        #expect(tags() == ["drover.baseline.golden": try run(of: "golden")])
        let baseline = try #require(try await store.blessed("golden", inExperiment: "0"))
        #expect(baseline.name == "blessed" && baseline.run == blessing.run)
        let refund = try #require(baseline.cases["golden/refund-window"])
        #expect(refund.verdict == .passed && refund.share == "1/1" && refund.latency == 1_204_000_000)
        #expect(refund.tokens == 312)
        #expect(baseline.cases["golden/silence"]?.verdict == .inconclusive)
        #expect(try await store.blessed("smoke", inExperiment: "0") == nil)
    }

    @Test("A later run of chosen cases is blessed only when it is named")
    func part() async throws {
        try await publish("one")
        let whole = try run(of: "golden")
        try await publish("two", isPart: true)
        let part = try run(of: "golden")
        #expect(try await store.bless(golden, run: nil, isAlone: false)?.run == whole)
        #expect(try await store.bless(golden, run: part, isAlone: false)?.run == part)
    }

    @Test("MLflow's own tag says the same where the suite is alone in its experiment")
    func alone() async throws {
        try await publish("one")
        _ = try await store.bless(golden, run: nil, isAlone: true)
        let id = try run(of: "golden")
        #expect(tags() == ["drover.baseline.golden": id, "mlflow.evaluation.baselineRunId": id])
    }

    @Test("The run of one suite stands for the other suites of the same command, and no others")
    func siblings() async throws {
        try await publish("one")
        let smoke = try run(of: "smoke")
        try await publish("two")
        let found = try #require(try await store.baseline(ofRun: smoke, "golden", inExperiment: "0"))
        #expect(found.name == smoke && found.cases.count == 5)
        let first = try #require(fake.store.runs.first { $0.name == "golden" }).id
        #expect(found.run == first)
        #expect(try await store.baseline(ofRun: smoke, "other", inExperiment: "0") == nil)
        let blessing = try await store.bless(golden, run: smoke, isAlone: false)
        #expect(blessing?.run == first)
    }

    @Test("A run that is not there, of another suite, or without verdicts is told")
    func mistakes() async throws {
        let unknown = await #expect(throws: Diagnostic.self) {
            try await store.baseline(ofRun: "00000000000000000000000000000000", "golden", inExperiment: "0")
        }
        #expect(unknown?.code == "unknown-baseline")
        try await publish("one")
        try await fake.server().setExperimentTag("0", "drover.baseline.golden", to: try run(of: "smoke"))
        let other = await #expect(throws: Diagnostic.self) { try await store.blessed("golden", inExperiment: "0") }
        #expect(other?.code == "baseline-of-another-suite" && other?.detail.contains("`smoke`") == true)
        let bare = try await fake.server().createRun(
            inExperiment: "0", name: "golden", startTime: 1,
            tags: ["drover.suite": "golden", "drover.stack": "helpdesk"])
        let empty = await #expect(throws: Diagnostic.self) {
            try await store.baseline(ofRun: bare.id, "golden", inExperiment: "0")
        }
        #expect(empty?.code == "baseline-without-verdicts")
        let running = await #expect(throws: Diagnostic.self) {
            try await store.bless(golden, run: bare.id, isAlone: false)
        }
        #expect(running?.code == "unfinished-baseline")
    }
}
