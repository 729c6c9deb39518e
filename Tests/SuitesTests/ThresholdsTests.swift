import Language
import Runtime
import Testing

@testable import Suites

@Suite("Thresholds")
struct ThresholdsTests {
    private func sample(_ verdict: SampleVerdict, latency: Duration = .seconds(1), tokens: Int? = 10) -> Sample {
        let usage = tokens.map { Answer.Usage(input: $0, output: 0) }
        let turn = TurnResult(input: "q", answer: .said("a", latency: latency, usage: usage), outcomes: [])
        return Sample(verdict: verdict, turns: [turn])
    }

    /// One case for each sample.
    private func tally(_ samples: [Sample]) -> SuiteTally {
        var tally = SuiteTally(samples.map { _ in CaseTally(.once, decides: true) })
        for (index, sample) in samples.enumerated() { tally.take(sample, ofCase: index) }
        return tally
    }

    private func verdict(_ thresholds: Thresholds, _ verdicts: [SampleVerdict]) -> Verdict? {
        thresholds.outcomes(for: tally(verdicts.map { sample($0) }), elapsed: .zero).first?.verdict
    }

    @Test("Without a pass rate every case must pass, and what is not known leaves it open unless one failed")
    func defaultPassRate() {
        #expect(verdict(Thresholds(), [.passed, .passed]) == .passed)
        #expect(verdict(Thresholds(), [.passed, .error]) == .inconclusive)
        #expect(verdict(Thresholds(), [.failed, .error]) == .failed)
        #expect(verdict(Thresholds(), []) == .inconclusive)
    }

    @Test("A pass rate below one forgives, and counts what is not known for and against")
    func passRate() {
        let most = Thresholds(passRate: Located(0.9, at: place(1)))
        let nine = Array(repeating: SampleVerdict.passed, count: 9)
        #expect(verdict(most, nine + [.failed]) == .passed)
        #expect(verdict(most, nine + [.error]) == .passed)
        #expect(verdict(most, nine.dropLast() + [.failed, .error]) == .inconclusive)
        #expect(verdict(most, nine.dropLast() + [.failed, .failed]) == .failed)
    }

    @Test("Percentiles are by nearest rank")
    func percentiles() {
        let times = Array(1...20)
        #expect(times.percentile(0.5) == 10)
        #expect(times.percentile(0.95) == 19)
        #expect([3].percentile(0.95) == 3)
        #expect([Int]().percentile(0.5) == nil)
    }

    @Test("Latency thresholds fail when exceeded, and token budgets stay open when the server does not tell")
    func latencyAndTokens() {
        let limits = Thresholds(
            latencyP50: Located(.seconds(1), at: place(1)), latencyP95: Located(.seconds(1), at: place(2)),
            totalTokens: Located(30, at: place(3)))
        let samples = [sample(.passed), sample(.passed), sample(.passed, latency: .seconds(2))]
        let known = limits.outcomes(for: tally(samples), elapsed: .zero)
        #expect(known.map(\.verdict) == [.passed, .passed, .failed, .passed])
        let unknown = limits.outcomes(for: tally([sample(.passed, tokens: nil)]), elapsed: .zero)
        #expect(unknown.last?.verdict == .inconclusive)
    }

    @Test("What an answer spent that never came is not known, and what was spent on earlier attempts counts")
    func spent() {
        let limits = Thresholds(totalTokens: Located(30, at: place(3)))
        let open = limits.outcomes(for: tally([sample(.passed), silence]), elapsed: .zero).last
        #expect(open?.verdict == .inconclusive && open?.actual == "at least 10; not all are known")
        var again = sample(.passed)
        again.retried.take(Answer.Usage(input: 20, output: 0))
        #expect(limits.outcomes(for: tally([again]), elapsed: .zero).last?.verdict == .passed)
        let over = limits.outcomes(for: tally([again, sample(.passed)]), elapsed: .zero).last
        #expect(over?.verdict == .inconclusive && over?.actual == "40")
    }

    /// As `caseTimeout` leaves it: without the answer that did not come in time.
    private var silence: Sample {
        Sample(verdict: .error, turns: [], problem: Diagnostic("case-timeout", "Late", detail: "Late."))
    }

    @Test("An answer that did not come in time keeps a latency threshold open where it may be the one that counts")
    func unanswered() {
        let limits = Thresholds(
            latencyP50: Located(.seconds(1), at: place(1)), latencyP95: Located(.seconds(1), at: place(2)))
        let one = limits.outcomes(for: tally([sample(.passed), sample(.passed), silence]), elapsed: .zero).dropFirst()
        #expect(one.map(\.verdict) == [.passed, .inconclusive])
        #expect(one.map(\.actual) == ["1 s", "1 s; 1 did not come"])
        let slow = sample(.passed, latency: .seconds(2))
        let failed = limits.outcomes(for: tally([slow, slow, silence]), elapsed: .zero).dropFirst()
        #expect(failed.map(\.verdict) == [.failed, .failed])
        let none = limits.outcomes(for: tally([silence]), elapsed: .zero).dropFirst()
        #expect(none.map(\.actual) == ["no answers", "no answers"] && none.allSatisfy { $0.verdict == .inconclusive })
        var failure = Answer(status: .failed)
        failure.latency = .seconds(1)
        let turns = [TurnResult(input: "q", answer: failure, outcomes: [])]
        let answered = Sample(
            verdict: .error, turns: turns, problem: Diagnostic("turn-failed", "Failed", detail: "Failed."))
        #expect(
            limits.outcomes(for: tally([answered]), elapsed: .zero).dropFirst().map(\.verdict) == [.passed, .passed])
    }

    @Test("What a suite has spent is what its budget counts, judges included, and not known where some of it is not")
    func suiteTokens() {
        func tokens(_ samples: [Sample]) -> Int? {
            SuiteResult(
                suite: "golden", agent: "a", range: place(1), thresholds: Thresholds(), tally(samples), baseline: nil,
                elapsed: .zero
            ).tokens
        }
        func judged(_ usage: Answer.Usage?) -> Sample {
            let vote = Ballot.Vote(passes: true, reason: "So.")
            let ballot = Ballot(judge: "grounded", model: "m", votes: [vote], usage: usage)
            let outcome = AssertionOutcome(
                name: "judge", claim: "is good", range: place(1), result: .passed, ballots: [ballot])
            let answer = Answer.said("a", usage: Answer.Usage(input: 10, output: 0))
            return Sample(verdict: .passed, turns: [TurnResult(input: "q", answer: answer, outcomes: [outcome])])
        }
        #expect(tokens([judged(Answer.Usage(input: 3, output: 4)), sample(.passed)]) == 27)
        #expect(tokens([judged(nil)]) == nil && tokens([silence]) == nil && tokens([]) == nil)
    }

    private func before(_ verdicts: [Verdict], samples: Int = 1) -> [Baseline.Case?] {
        verdicts.map {
            let passed = $0 == .passed ? samples : 0
            return Baseline.Case(
                verdict: $0, passed: passed, failed: samples - passed, errors: 0, latency: nil, tokens: nil)
        }
    }

    private func noWorse(_ now: [SampleVerdict], than before: [Baseline.Case?]) -> ThresholdOutcome? {
        let tally = tally(now.map { sample($0) })
        let baseline = Baseline(name: "blessed", run: "abc", cases: [:])
        let comparison = SuiteComparison("golden", baseline, before, tally.cases)
        let limits = Thresholds(noWorseThan: Located(Thresholds.NoWorseThan(margin: 0.1), at: place(1)))
        return limits.outcomes(for: tally, comparison, elapsed: .zero).last
    }

    @Test("A suite is no worse when the whole interval lies within the margin, and what is not known never decides")
    func noWorseThan() {
        let many = Array(repeating: SampleVerdict.passed, count: 60)
        let all = before(Array(repeating: .passed, count: 60))
        #expect(noWorse(many, than: all)?.verdict == .passed)
        #expect(noWorse(many.dropLast(20) + Array(repeating: .failed, count: 20), than: all)?.verdict == .failed)
        #expect(noWorse(many.dropLast(20) + Array(repeating: .error, count: 20), than: all)?.verdict == .inconclusive)
        let few = noWorse([.passed, .passed, .failed], than: before([.passed, .passed, .passed]))
        #expect(few?.verdict == .inconclusive)
        #expect(few?.actual.contains("pairs would decide") == true)
        #expect(few?.actual.contains("is the smallest that these pairs could show") == true)
        #expect(few?.wanted == "at most 0.1 below `blessed (run abc)` (α 0.05, one-sided)")
        #expect(noWorse([.passed], than: [nil])?.actual == "no case has a counterpart there")
    }

    @Test("Without the run to compare with it stays open, and a run that lost its cases fails")
    func missing() {
        let limits = Thresholds(
            minCases: Located(2, at: place(1)),
            noWorseThan: Located(Thresholds.NoWorseThan(margin: 0.1), at: place(2)))
        let outcomes = limits.outcomes(for: tally([sample(.passed)]), elapsed: .zero)
        #expect(outcomes.map(\.verdict) == [.passed, .failed, .inconclusive])
        #expect(outcomes.last?.actual == "there is no such run yet")
    }

    @Test("A rate of errors and a duration that are exceeded leave it open")
    func errorsAndDuration() {
        let limits = Thresholds(
            errorRate: Located(0.25, at: place(1)), maxDuration: Located(.seconds(60), at: place(2)))
        let samples = [sample(.passed), sample(.passed), sample(.passed), sample(.error)]
        #expect(
            limits.outcomes(for: tally(samples), elapsed: .seconds(60)).map(\.verdict)
                == [.inconclusive, .passed, .passed])
        let worse = limits.outcomes(for: tally(samples + [sample(.error)]), elapsed: .seconds(61))
        #expect(worse.map(\.verdict) == [.inconclusive, .inconclusive, .inconclusive])
    }
}
