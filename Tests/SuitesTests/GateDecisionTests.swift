import Language
import Runtime
import Suites
import Testing

@Suite("What is decided about a gate")
struct GateDecisionTests {
    /// 2026-06-02T00:00:00Z.
    private static let now = 1_780_358_400

    private static func evidence(
        _ verdict: String, at: String = "2026-06-01T12:00:00Z", key: String = "k", failed: Int = 0
    ) -> Evidence {
        Evidence(
            suite: "golden", key: key, samples: Evidence.Samples(passed: 1, failed: failed, errors: 0), attempts: 1,
            at: at,
            run: verdict, verdict: verdict)
    }

    private static func decision(
        _ evidence: [Evidence], maxAge: Duration = .seconds(86_400), _ rerun: Rerun = .changed
    ) -> GateDecision {
        GateDecision(of: evidence, maxAge: maxAge, rerun: rerun, now: now)
    }

    @Test("What passed and is fresh is cited; what is too old, or only inconclusive, runs")
    func passed() {
        let passed = Self.evidence("passed")
        #expect(Self.decision([passed]) == .passed(passed))
        #expect(Self.decision([passed], maxAge: .seconds(3600)) == .run)
        #expect(Self.decision([Self.evidence("inconclusive")]) == .run)
        #expect(Self.decision([]) == .run)
    }

    @Test("What failed once stays failed, whatever passed before or after")
    func failed() {
        let failed = Self.evidence("failed")
        let later = Self.evidence("passed", at: "2026-06-01T13:00:00Z")
        #expect(Self.decision([later, failed]) == .failed(failed))
        #expect(Self.decision([later, failed], .always) == .failed(failed))
    }

    @Test("Of what stays failed the run is told that has the failures, not one that passed after it")
    func culprit() {
        let culprit = Self.evidence("failed", at: "2026-06-01T11:00:00Z", failed: 1)
        let later = Self.evidence("failed", at: "2026-06-01T13:00:00Z")
        #expect(Self.decision([later, culprit]) == .failed(culprit))
        let first = Self.evidence("failed")
        #expect(Self.decision([first, later]) == .failed(later), "A threshold may fail without a sample that does.")
    }

    @Test("What has just passed does not by what others added meanwhile, also to runs that stood there already")
    func meanwhile() {
        func decision(_ before: [Evidence], _ all: [Evidence]) -> GateDecision? {
            let own = Evidence.Samples(passed: 1, failed: 0, errors: 0)
            return GateDecision(after: before, of: all, taking: own, maxAge: .seconds(86_400), now: Self.now)
        }
        var begun = Self.evidence("inconclusive")
        begun.run = "other"
        let (passed, open, failed) = (Self.evidence("passed"), Self.evidence("inconclusive"), Self.evidence("failed"))
        #expect(decision([], [passed]) == .passed(passed))
        #expect(decision([], []) == nil && decision([begun], [begun, open]) == nil, "Nobody else has added anything.")
        #expect(decision([], [begun, open]) == .unknown)
        let other = Self.evidence("inconclusive", failed: 1)
        #expect(decision([], [other]) == .unknown, "MLflow lacks its own run.")
        var ended = begun
        ended.failuresOnly = true
        #expect(decision([ended], [begun, open]) == .unknown, "The other one has ended meanwhile.")
        // Also where its own run is not there, or is what has failed beside the others.
        #expect(decision([begun], [begun, failed]) == .failed(failed))
    }

    @Test("Every attempt is counted")
    func history() {
        #expect(GateHistory([]).told == nil)
        let all = GateHistory([Self.evidence("passed"), Self.evidence("inconclusive")])
        #expect(all.told == "2 samples in 2 runs: 2 passed, 0 failed, 0 errors")
    }

    @Test("Always runs what passed; never runs nothing")
    func rerun() {
        let passed = Self.evidence("passed")
        #expect(Self.decision([passed], .always) == .run)
        #expect(Self.decision([passed], .never) == .passed(passed))
        #expect(Self.decision([], .never) == .unknown)
    }

    @Test("The newest result says which key counts, and not a run that was cut off")
    func newest() {
        let passed = Self.evidence("passed")
        let cut = Self.evidence("inconclusive", at: "2026-06-01T13:00:00Z", key: "k2")
        let failed = Self.evidence("failed", at: "2026-06-01T14:00:00Z", key: "k2")
        #expect([cut, passed].underNewestKey == [passed])
        #expect([cut, passed, failed].underNewestKey == [cut, failed])
        #expect([cut].underNewestKey == [cut])
    }
}
