import Language

/// Whether a suite can decide at all, computed before it runs.
struct SuitePower {
    /// What must be likelier, lest it is said.
    private static let wanted = 0.8
    /// The share of verdicts that differ between two runs of the same agent, where nothing is known about it.
    private static let discordance = 0.1

    private let suite: TestSuite
    /// Where `repeat` is said first, and by the place of each case.
    private let repeats: SourceRange
    private let places: [SequentialTest: SourceRange]
    /// The number of deciding cases, and those of each sequential test.
    private let deciding: Int
    private let tests: [(test: SequentialTest, cases: Int)]
    private let fewestSamples: Int

    /// - Parameters:
    ///   - repeats: Where `repeat` is said first.
    ///   - places: Where it is said, by the place of the case.
    init(_ suite: TestSuite, repeats: SourceRange, at places: [SourceRange: SourceRange] = [:]) {
        self.suite = suite
        self.repeats = repeats
        var known: [SequentialTest: SourceRange] = [:]
        var deciding = 0
        var counts: [SequentialTest: Int] = [:]
        var fewest = Int.max
        for testCase in suite.cases where testCase.quarantine == nil {
            deciding += 1
            fewest = min(fewest, testCase.repetition.samples)
            guard let test = testCase.repetition.test else { continue }
            counts[test, default: 0] += 1
            known[test] = known[test] ?? places[testCase.range]
        }
        self.places = known
        self.deciding = deciding
        fewestSamples = deciding == 0 ? 1 : fewest
        tests = counts.map { ($0.key, $0.value) }.sorted { $0.0.max < $1.0.max }
    }

    var diagnostics: [Diagnostic] {
        let limits = suite.thresholds
        let few = limits.minCases.flatMap { $0.value > deciding ? .tooFewCases($0, deciding) : nil as Diagnostic? }
        let hopeless = tests.map(\.test).filter { $0.fewestPasses > $0.max }
        let endless = hopeless.map { Diagnostic.neverDecides($0, at: places[$0] ?? repeats) }
        return [few].compactMap(\.self) + (endless.isEmpty ? [testWarning].compactMap(\.self) : endless)
            + [limits.noWorseThan.flatMap(warning)].compactMap(\.self)
    }

    /// Where the sequential tests leave a suite open whose cases are just as reliable as wanted, or fail it by chance.
    private var testWarning: Diagnostic? {
        guard !tests.isEmpty else { return nil }
        let chances = chances { $0 }
        guard chances.passed + chances.failed < Self.wanted || chances.passed < 0.5 else { return nil }
        let counts = [chances.passed, chances.failed, chances.open].map { Int(($0 * 100).rounded()) }
        let detail =
            "Of 100 runs with an agent that is just as reliable as wanted, about \(counts[0]) pass, \(counts[1]) fail "
            + "and \(counts[2]) stay inconclusive."
        return .hardlyDecides(detail, fix: testFix(chances), at: repeats)
    }

    private func testFix(_ chances: SuiteChances) -> String {
        guard chances.failed <= chances.open else {
            return "Lower `beta`, the chance that one such case fails, or set `thresholds.passRate` below 1."
        }
        let numbers = [80, 100, 150, 200, 300, 500, 1000]
        let enough = numbers.first { max in
            let chances = self.chances { test in test.capped(at: Swift.max(max, test.max)) }
            return chances.passed + chances.failed >= Self.wanted
        }
        return enough.map { "Raise `max` to \($0), or move the two rates apart." }
            ?? "Move the two rates apart: raising `max` does not do."
    }

    /// The chances of the suite's verdict; cases that are counted are taken to pass.
    private func chances(_ changing: (SequentialTest) -> SequentialTest) -> SuiteChances {
        var (passed, failed, cases) = (0.0, 0.0, 0)
        for (test, count) in tests {
            let chances = changing(test).chances(atRate: test.reliability)
            passed += chances.passed * Double(count)
            failed += chances.failed * Double(count)
            cases += count
        }
        let needed = suite.thresholds.needed(of: deciding) - (deciding - cases)
        let passing = BinomialDistribution(trials: cases, rate: min(1, passed / Double(cases)))
        let failing = BinomialDistribution(trials: cases, rate: min(1, failed / Double(cases)))
        return SuiteChances(passed: passing.atLeast(needed), failed: failing.atLeast(cases - needed + 1))
    }

    private func warning(_ limit: Located<Thresholds.NoWorseThan>) -> Diagnostic? {
        let discordance = Self.discordance / Double(fewestSamples)
        let chance = limit.value.test.chance(pairs: deciding, discordance: discordance)
        guard chance < Self.wanted else { return nil }
        let repeated = fewestSamples > 1 ? "\(fewestSamples) samples of each" : "one sample of each"
        let detail =
            "With \(deciding) deciding cases and \(repeated), an agent that did not change passes `noWorseThan` with a "
            + "chance of \(chance.percent), if one answer in ten differs from run to run."
        let pairs = limit.value.test.pairs(discordance: discordance).map { "Declare about \($0) cases, take" } ?? "Take"
        return .hardlyDecides(detail, fix: "\(pairs) more samples of each, or widen `margin`.", at: limit.range)
    }
}

private struct SuiteChances {
    let passed: Double
    let failed: Double

    var open: Double { Swift.max(0, 1 - passed - failed) }
}

extension SequentialTest {
    fileprivate func capped(at max: Int) -> SequentialTest {
        SequentialTest(
            reliability: reliability, unacceptable: unacceptable, alpha: alpha, beta: beta, max: max, cases: cases)
    }
}

extension Double {
    /// `17 %`, `below 1 %`.
    fileprivate var percent: String {
        self > 0 && self < 0.01 ? "below 1 %" : "\(Int((self * 100).rounded())) %"
    }
}

extension Diagnostic {
    fileprivate static func tooFewCases(_ limit: Located<Int>, _ cases: Int) -> Diagnostic {
        Diagnostic(
            "too-few-cases", "Too few cases",
            detail: "`minCases` is \(limit.value), and the suite declares \(cases) that decide: it would always fail.",
            fix: "Lower `minCases`, or declare more cases.", at: limit.range)
    }

    fileprivate static func neverDecides(_ test: SequentialTest, at range: SourceRange) -> Diagnostic {
        let share = test.cases > 1 ? ", with α divided over \(test.cases) deciding cases" : ""
        return Diagnostic(
            "max-too-small", "A test that can never pass",
            detail: "A case passes after \(test.fewestPasses) passes at the least\(share), and `max` is \(test.max).",
            fix: "Raise `max` well above \(test.fewestPasses), raise `alpha`, or lower `unacceptable`.", at: range)
    }

    fileprivate static func hardlyDecides(_ detail: String, fix: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "suite-hardly-decides", "A suite that can hardly decide", detail: detail, fix: fix, at: range,
            severity: .warning)
    }
}
