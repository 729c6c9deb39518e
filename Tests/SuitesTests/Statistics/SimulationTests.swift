import Testing

@testable import Suites

/// What the statistics promise, tried many times with fixed seeds. Each limit lies four standard errors of the simulation
/// from the promise.
@Suite("Statistics in simulation")
struct SimulationTests {
    /// Four standard errors of a share of `rate` in so many tries.
    private func slack(_ rate: Double, _ tries: Int) -> Double {
        4 * (rate * (1 - rate) / Double(tries)).squareRoot()
    }

    private func successes(of trials: Int, rate: Double, _ random: inout SeededGenerator) -> Int {
        (0..<trials).count { _ in random.fraction() < rate }
    }

    @Test("Wilson's interval holds the true rate about as often as it says, for all rates together and nearly for each")
    func coverage() {
        var random = SeededGenerator(seed: 1)
        var all = 0
        let rates = stride(from: 0.05, through: 0.95, by: 0.05).map { $0 }
        for rate in rates {
            let holds = (0..<500).count { _ in
                let passed = successes(of: 20, rate: rate, &random)
                guard let interval = Interval.wilson(passed, of: 20) else { return false }
                return interval.low <= rate && rate <= interval.high
            }
            #expect(Double(holds) / 500 > 0.9 - slack(0.9, 500), "\(rate)")
            all += holds
        }
        #expect(abs(Double(all) / Double(500 * rates.count) - 0.95) < 0.01 + slack(0.95, 500 * rates.count))
    }

    private static let tests = [
        SequentialTest(reliability: 0.95, unacceptable: 0.7),
        SequentialTest(reliability: 0.9, unacceptable: 0.8, alpha: 0.1, beta: 0.2, max: 200),
        SequentialTest(reliability: 0.95, unacceptable: 0.7, cases: 20),
    ]

    private func verdict(
        _ test: SequentialTest, rate: Double, _ random: inout SeededGenerator
    ) -> (verdict: Verdict, samples: Int) {
        let repetition = Repetition(test)
        var (passed, failed) = (0, 0)
        while !repetition.isOver(passed: passed, failed: failed, errors: 0) {
            if random.fraction() < rate { passed += 1 } else { failed += 1 }
        }
        return (repetition.verdict(passed: passed, failed: failed), passed + failed)
    }

    @Test(
        "The sequential test errs no more often than α and β, and its chances are what simulation finds",
        arguments: tests)
    func sequential(test: SequentialTest) {
        var random = SeededGenerator(seed: 2)
        let tries = 1000
        for (rate, wrong, limit) in [
            (test.unacceptable, Verdict.passed, test.alphaOfCase), (test.reliability, .failed, test.beta),
        ] {
            let chances = test.chances(atRate: rate)
            let outcomes = (0..<tries).map { _ in verdict(test, rate: rate, &random) }
            let errors = Double(outcomes.count { $0.verdict == wrong }) / Double(tries)
            let exact = wrong == .passed ? chances.passed : chances.failed
            #expect(exact <= limit)
            #expect(abs(errors - exact) <= slack(exact, tries) + 1e-3)
            let open = Double(outcomes.count { $0.verdict == .inconclusive }) / Double(tries)
            #expect(abs(open - chances.inconclusive) <= slack(chances.inconclusive, tries) + 1e-3)
            // Simulation also stops where nothing can be decided any more.
            #expect(Double(outcomes.map(\.samples).reduce(0, +)) / Double(tries) <= chances.samples * 1.05)
        }
    }

    @Test("Non-inferiority by the score interval passes what is worse by the margin no more often than it says")
    func nonInferiority() {
        var random = SeededGenerator(seed: 3)
        let test = NonInferiority(margin: 0.05)
        let (tries, pairs) = (2000, 250)
        var passed = 0
        for _ in 0..<tries {
            var (better, worse) = (0, 0)
            for _ in 0..<pairs {
                let draw = random.fraction()
                if draw < 0.025 { better += 1 } else if draw < 0.1 { worse += 1 }
            }
            let change = PairedDifference.score(better: better, worse: worse, of: pairs, confidence: 0.95)
            if test.verdict(change) == .passed { passed += 1 }
        }
        #expect(Double(passed) / Double(tries) <= 0.05 + slack(0.05, tries))
        // It is no test that never passes.
        #expect(Double(passed) / Double(tries) >= 0.02)
    }

    @Test("Non-inferiority with repeats passes what is worse by the margin no more often than it says")
    func bootstrap() {
        var random = SeededGenerator(seed: 4)
        let test = NonInferiority(margin: 0.1)
        let tries = 150
        var passed = 0
        for attempt in 0..<tries {
            let changes = (0..<60).map { _ in
                // One case in eight fell from 0.9 to 0.1: the mean change is −0.1, and the samples of a case go together.
                let now = random.fraction() < 0.125 ? 0.1 : 0.9
                return Double(successes(of: 5, rate: now, &random) - successes(of: 5, rate: 0.9, &random)) / 5
            }
            let change = PairedDifference.bootstrap(changes, confidence: 0.95, seed: UInt64(attempt), resamples: 400)
            if test.verdict(change) == .passed { passed += 1 }
        }
        #expect(Double(passed) / Double(tries) <= 0.05 + slack(0.05, tries))
    }

    @Test("The number of pairs that would decide is what a suite needs")
    func power() {
        let test = NonInferiority(margin: 0.05)
        #expect(test.pairs(discordance: 0.1) == 248)
        #expect(abs(test.chance(pairs: 248, discordance: 0.1) - 0.8) < 0.005)
        #expect(test.fewestPairs == 52)
        let none = { pairs in PairedDifference.score(better: 0, worse: 0, of: pairs, confidence: 0.95) }
        #expect(test.verdict(none(52)) == .passed && test.verdict(none(51)) == .inconclusive)
        #expect(test.pairs(change: -0.05, discordance: 0.1) == nil)
    }

    @Test("Cases that did not change prove little when they are few")
    func fewCases() {
        let test = NonInferiority(margin: 0.05)
        let few = PairedDifference.bootstrap([0, 0, 0], confidence: 0.95)
        #expect(test.verdict(few) == .inconclusive)
        let many = PairedDifference.bootstrap(Array(repeating: 0, count: 100), confidence: 0.95)
        #expect(test.verdict(many) == .passed)
        let worse = PairedDifference.bootstrap(Array(repeating: -0.5, count: 40), confidence: 0.95)
        #expect(test.verdict(worse) == .failed)
        #expect(many == PairedDifference.bootstrap(Array(repeating: 0, count: 100), confidence: 0.95))
    }
}
