/// What the deciding cases of a suite say about its agent.
package struct SuiteStatistics: Sendable, Hashable {
    /// Cases that passed, of those with a verdict.
    package let passed: Int
    package let decided: Int
    /// Wilson's interval of the share of cases that pass, with a confidence of 95 %; nil when no case is decided.
    package let interval: Interval?
    /// The number of samples that pass@k and pass^k are about: the most that every case has; nil when that is fewer than 2.
    package let k: Int?
    /// pass@k: the mean chance that at least one of `k` samples of a case passes.
    package let passAny: Double?
    /// pass^k: the mean chance that all of `k` samples of a case pass.
    package let passAll: Double?
    /// What its sequential tests can tell, one sentence each; empty where samples are counted.
    package let tests: [String]

    package init(_ cases: [CaseTally]) {
        let deciding = cases.filter(\.decides)
        passed = deciding.count { $0.verdict == .passed }
        decided = deciding.count { $0.verdict != .inconclusive }
        interval = .wilson(passed, of: decided)
        let most = deciding.map { $0.passed + $0.failed }.min() ?? 0
        k = most > 1 ? most : nil
        passAny = k.flatMap { k in deciding.map { $0.statistics.passAny(k) }.mean }
        passAll = k.flatMap { k in deciding.map { $0.statistics.passAll(k) }.mean }
        var seen: Set<SequentialTest> = []
        tests = deciding.compactMap(\.repetition.test).filter { seen.insert($0).inserted }.map(\.text)
    }

    /// Whether there is more to say than the counts of cases: where samples are repeated.
    package static func isTelling(_ cases: [CaseTally]) -> Bool {
        cases.contains { $0.decides && $0.repetition.samples > 1 }
    }
}

extension SuiteResult {
    package var statistics: SuiteStatistics { SuiteStatistics(cases) }
}

extension SequentialTest {
    /// α, β, the cap, and what it can tell apart.
    fileprivate var text: String {
        let shared = cases > 1 ? " divided over \(cases) deciding cases: \(alphaOfCase.shortened) each" : ""
        return "tells a rate of \(reliability) from \(unacceptable), no smaller difference "
            + "(α \(alpha)\(shared), β \(beta), at most \(max) samples)"
    }
}

extension Double {
    /// With three significant digits at most for numbers below 1: `0.0125`, `0.000333`.
    fileprivate var shortened: String {
        var (value, scale) = (self, 1.0)
        while value != 0, value < 100 { (value, scale) = (value * 10, scale * 10) }
        return "\(value.rounded() / scale)"
    }
}

extension [Double?] {
    /// Nil when one is not known, or there is none.
    fileprivate var mean: Double? {
        let known = compactMap(\.self)
        return known.count == count && !isEmpty ? known.reduce(0, +) / Double(count) : nil
    }
}
