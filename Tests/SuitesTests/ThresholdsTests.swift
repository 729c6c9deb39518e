import Language
import Runtime
import Testing

@testable import Suites

@Suite("Thresholds")
struct ThresholdsTests {
    private func result(_ verdict: SampleVerdict, latency: Duration = .seconds(1), tokens: Int? = 10) -> CaseResult {
        let usage = tokens.map { Answer.Usage(input: $0, output: 0) }
        let turn = TurnResult(input: "q", answer: .said("a", latency: latency, usage: usage), outcomes: [])
        let testCase = TestCase(
            id: CaseID(suite: "s", name: "c"), name: "c", range: place(1),
            turns: [Turn(input: template("q"), inputRange: place(1))])
        return CaseResult(of: testCase, samples: [Sample(verdict: verdict, turns: [turn])])
    }

    private func verdict(_ thresholds: Thresholds, _ verdicts: [SampleVerdict]) -> Verdict? {
        thresholds.outcomes(for: verdicts.map { result($0) }, elapsed: .zero).first?.verdict
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
        let times = (1...20).map { Duration.seconds($0) }
        #expect(times.percentile(0.5) == .seconds(10))
        #expect(times.percentile(0.95) == .seconds(19))
        #expect([Duration.seconds(3)].percentile(0.95) == .seconds(3))
        #expect([Duration]().percentile(0.5) == nil)
    }

    @Test("Latency thresholds fail when exceeded, and token budgets stay open when the server does not tell")
    func latencyAndTokens() {
        let limits = Thresholds(
            latencyP50: Located(.seconds(1), at: place(1)), latencyP95: Located(.seconds(1), at: place(2)),
            totalTokens: Located(30, at: place(3)))
        let cases = [result(.passed), result(.passed), result(.passed, latency: .seconds(2))]
        let known = limits.outcomes(for: cases, elapsed: .zero)
        #expect(known.map(\.verdict) == [.passed, .passed, .failed, .passed])
        let unknown = limits.outcomes(for: [result(.passed, tokens: nil)], elapsed: .zero)
        #expect(unknown.last?.verdict == .inconclusive)
    }

    @Test("A rate of errors and a duration that are exceeded leave it open")
    func errorsAndDuration() {
        let limits = Thresholds(
            errorRate: Located(0.25, at: place(1)), maxDuration: Located(.seconds(60), at: place(2)))
        let cases = [result(.passed), result(.passed), result(.passed), result(.error)]
        #expect(limits.outcomes(for: cases, elapsed: .seconds(60)).map(\.verdict) == [.inconclusive, .passed, .passed])
        let worse = limits.outcomes(for: cases + [result(.error)], elapsed: .seconds(61))
        #expect(worse.map(\.verdict) == [.inconclusive, .inconclusive, .inconclusive])
    }
}
