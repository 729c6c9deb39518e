import Testing

@testable import Suites

@Suite("SuiteComparison")
struct SuiteComparisonTests {
    private func one(_ verdict: Verdict, latency: Int? = nil) -> Baseline.Case {
        Baseline.Case(
            verdict: verdict, passed: verdict == .passed ? 3 : 1, failed: verdict == .passed ? 0 : 2, errors: 0,
            latency: latency, tokens: nil)
    }

    private func compared(_ before: Baseline.Case?, _ now: Baseline.Case) -> CaseComparison {
        CaseComparison(before: before, now: now, decides: true)
    }

    @Test("A case got better, worse, stayed, is new, or cannot be compared, and its trend is visible")
    func changes() {
        #expect(compared(one(.passed), one(.failed)).change == .worse)
        #expect(compared(one(.failed), one(.passed)).change == .better)
        #expect(compared(one(.passed), one(.passed)).change == .same)
        #expect(compared(one(.inconclusive), one(.passed)).change == .unknown)
        #expect(compared(nil, one(.passed)).change == .new)
        #expect(compared(one(.passed), one(.failed)).trend == "3/3 → 1/3")
        #expect(compared(one(.passed), one(.passed)).trend == nil)
        #expect(compared(nil, one(.passed)).trend == nil)
    }

    @Test("Six cases that all got worse are a change, five are not, and the test says so")
    func verdicts() throws {
        let worse = compared(one(.passed), one(.failed))
        let six = try #require(PairedTest.all(of: "golden", Array(repeating: worse, count: 6)).first)
        #expect(six.isChange && six.measure == .verdicts && six.pairs == 6)
        #expect(
            six.text == "verdicts: 0 better, 6 worse of 6 pairs: a change (McNemar, exact, p 0.031, α 0.05; "
                + "6 cases that all change one way are the fewest it finds)")
        let five = try #require(PairedTest.all(of: "golden", Array(repeating: worse, count: 5)).first)
        #expect(!five.isChange)
        #expect(five.smallest == "nothing could have been found with fewer than 6 pairs")
    }

    @Test("Latency is compared by the mean of each case, and what is not known makes no pair")
    func latency() throws {
        let cases = (1...8).map { compared(one(.passed, latency: 1_000_000), one(.passed, latency: $0 * 2_000_000)) }
        let tests = PairedTest.all(of: "golden", cases + [compared(one(.passed), one(.passed, latency: 9))])
        let latency = try #require(tests.first { $0.measure == .latency })
        #expect(latency.pairs == 8 && latency.isChange && latency.change == "+8.0 ms on average")
        #expect(tests.allSatisfy { $0.measure != .tokens })
    }

    @Test(
        "Where no pair differs, no size of a shift is told that would be found, and where all do so alike, not that of none"
    )
    func alike() throws {
        func latency(_ now: Int) throws -> PairedTest {
            let one = compared(one(.passed, latency: 1_000_000), one(.passed, latency: now))
            let tests = PairedTest.all(of: "golden", Array(repeating: one, count: 8))
            return try #require(tests.first { $0.measure == .latency })
        }
        #expect(
            try latency(1_000_000).text == "latency: 0 ms on average of 8 pairs: no change found (Wilcoxon, p 1.0, "
                + "α 0.05; there is no difference in any pair)")
        let shifted = try latency(3_000_000)
        #expect(shifted.isChange && shifted.change == "+2.0 ms on average")
        #expect(shifted.smallest == "a shift of less than 0.1 ms is found with a chance of 80 %")
    }
}
