package import Language
import Runtime

/// What a suite as a whole must reach. The default is that every case passes.
package struct Thresholds: Sendable, Hashable {
    /// The share of deciding cases that pass, 0 to 1; 1 when it is not declared.
    package var passRate: Located<Double>?
    /// The share of samples that may end in an error, 0 to 1.
    package var errorRate: Located<Double>?
    package var latencyP50: Located<Duration>?
    package var latencyP95: Located<Duration>?
    /// A budget: the suite stops when it is used up.
    package var totalTokens: Located<Int>?
    /// A budget: the suite stops when it is used up.
    package var maxDuration: Located<Duration>?
    /// The fewest deciding cases: a run that lost its cases fails.
    package var minCases: Located<Int>?
    package var noWorseThan: Located<NoWorseThan>?

    /// `noWorseThan: {baseline: blessed, margin: 0.05, confidence: 0.95}`.
    package struct NoWorseThan: Sendable, Hashable, Codable {
        /// The blessed run, without another name.
        package static let blessed = "blessed"

        /// `blessed`, the id of a run, or the path of a log.
        package let baseline: String
        package let margin: Double
        package let confidence: Double

        package init(baseline: String = blessed, margin: Double, confidence: Double = 0.95) {
            self.baseline = baseline
            self.margin = margin
            self.confidence = confidence
        }

        package var test: NonInferiority {
            NonInferiority(margin: margin, confidence: confidence)
        }
    }

    package init(
        passRate: Located<Double>? = nil, errorRate: Located<Double>? = nil, latencyP50: Located<Duration>? = nil,
        latencyP95: Located<Duration>? = nil, totalTokens: Located<Int>? = nil,
        maxDuration: Located<Duration>? = nil, minCases: Located<Int>? = nil, noWorseThan: Located<NoWorseThan>? = nil
    ) {
        self.passRate = passRate
        self.errorRate = errorRate
        self.latencyP50 = latencyP50
        self.latencyP95 = latencyP95
        self.totalTokens = totalTokens
        self.maxDuration = maxDuration
        self.minCases = minCases
        self.noWorseThan = noWorseThan
    }
}

extension Thresholds {
    /// Whether something is measured over all samples of a run, so that a part of them does not tell it. With a budget, a
    /// suite that costs more would pass in parts.
    var measuresRun: Bool {
        errorRate != nil || latencyP50 != nil || latencyP95 != nil || totalTokens != nil || maxDuration != nil
    }

    /// Only what stops a suite when it is used up: what a part of a suite can keep to.
    var budgets: Thresholds {
        Thresholds(totalTokens: totalTokens, maxDuration: maxDuration)
    }
}

/// The outcome of one threshold.
package struct ThresholdOutcome: Sendable, Hashable {
    /// The key in the spec: `latencyP95`.
    package let name: String
    package let wanted: String
    package let actual: String
    package let verdict: Verdict
    /// Nil for the default pass rate of 1.
    package let range: SourceRange?

    package init(name: String, wanted: String, actual: String, verdict: Verdict, range: SourceRange?) {
        self.name = name
        self.wanted = wanted
        self.actual = actual
        self.verdict = verdict
        self.range = range
    }
}

extension Thresholds {
    /// Evaluates the samples of a finished suite; the pass rate comes first.
    func outcomes(
        for tally: SuiteTally, _ comparison: SuiteComparison? = nil, elapsed: Duration
    ) -> [ThresholdOutcome] {
        let deciding = tally.cases.filter(\.decides)
        let latencies = latencyP50 == nil && latencyP95 == nil ? [] : tally.latencies.sorted()
        return [
            passRateOutcome(deciding),
            errorRate.map { errorRateOutcome($0, deciding) },
            latencyP50.map { latencyOutcome("latencyP50", $0, Latencies(0.5, of: latencies, tally)) },
            latencyP95.map { latencyOutcome("latencyP95", $0, Latencies(0.95, of: latencies, tally)) },
            totalTokens.map { tokensOutcome($0, tally) },
            maxDuration.map { durationOutcome($0, elapsed) },
            minCases.map { minCasesOutcome($0, deciding.count) },
            noWorseThan.map { limit in limit.value.outcome(comparison, at: limit.range) },
        ].compactMap { $0 }
    }

    /// Decides as soon as unknown results cannot change it.
    func passRateOutcome(_ cases: [CaseTally]) -> ThresholdOutcome {
        let passed = cases.count { $0.verdict == .passed }
        let failed = cases.count { $0.verdict == .failed }
        let rate = passRate?.value ?? 1
        let needed = needed(of: cases.count)
        let verdict: Verdict =
            if !cases.isEmpty, passed >= needed {
                .passed
            } else if cases.count - failed < needed {
                .failed
            } else {
                .inconclusive
            }
        return ThresholdOutcome(
            name: "passRate", wanted: "at least \(rate)", actual: "\(passed) of \(cases.count) cases passed",
            verdict: verdict, range: passRate?.range)
    }

    /// How many of the deciding cases must pass. A rate of 0.9 of 10 cases requires 9 of them, whatever the rounding error of
    /// 0.9 * 10.
    func needed(of cases: Int) -> Int {
        Int(((passRate?.value ?? 1) * Double(cases) - 1e-9).rounded(.up))
    }

    private func minCasesOutcome(_ limit: Located<Int>, _ cases: Int) -> ThresholdOutcome {
        ThresholdOutcome(
            name: "minCases", wanted: "at least \(limit.value)", actual: "\(cases) deciding cases",
            verdict: cases >= limit.value ? .passed : .failed, range: limit.range)
    }

    private func errorRateOutcome(_ limit: Located<Double>, _ cases: [CaseTally]) -> ThresholdOutcome {
        let samples = cases.map(\.samples).reduce(0, +)
        let errors = cases.map(\.errors).reduce(0, +)
        let fits = Double(errors) <= limit.value * Double(samples) + 1e-9
        return ThresholdOutcome(
            name: "errorRate", wanted: "at most \(limit.value)",
            actual: "\(errors) of \(samples) samples ended in an error",
            verdict: fits ? .passed : .inconclusive, range: limit.range)
    }

    /// Answers that never came may have taken any time: it passes only when it would with all of them at the end.
    private func latencyOutcome(_ name: String, _ limit: Located<Duration>, _ latencies: Latencies) -> ThresholdOutcome
    {
        let actual = latencies.known.map { Duration.nanoseconds($0) }
        let isOpen = latencies.longest.map { Duration.nanoseconds($0) > limit.value } ?? true
        let verdict: Verdict =
            if let actual, actual > limit.value { .failed } else { isOpen ? .inconclusive : .passed }
        let missing = verdict == .inconclusive && actual != nil ? "; \(latencies.unanswered) did not come" : ""
        return ThresholdOutcome(
            name: name, wanted: "at most \(limit.value.exact)", actual: (actual?.exact ?? "no answers") + missing,
            verdict: verdict, range: limit.range)
    }

    /// Unreported tokens may be any number, so that only a budget that is already used up decides.
    private func tokensOutcome(_ limit: Located<Int>, _ tally: SuiteTally) -> ThresholdOutcome {
        ThresholdOutcome(
            name: "totalTokens", wanted: "at most \(limit.value)",
            actual: tally.tellsTokens ? "\(tally.tokens)" : "at least \(tally.tokens); not all are known",
            verdict: tally.tellsTokens && tally.tokens <= limit.value ? .passed : .inconclusive, range: limit.range)
    }

    private func durationOutcome(_ limit: Located<Duration>, _ elapsed: Duration) -> ThresholdOutcome {
        ThresholdOutcome(
            name: "maxDuration", wanted: "at most \(limit.value.exact)",
            actual: elapsed.exact, verdict: elapsed <= limit.value ? .passed : .inconclusive,
            range: limit.range)
    }
}

/// A percentile of latencies in nanoseconds: of the answers that came, and of all, with those that did not at the end.
private struct Latencies {
    let known: Int?
    let longest: Int?
    let unanswered: Int

    /// - Parameter latencies: Of the answers that came, sorted.
    init(_ share: Double, of latencies: [Int], _ tally: SuiteTally) {
        known = latencies.percentile(share)
        unanswered = tally.unanswered
        longest = (latencies + Array(repeating: .max, count: unanswered)).percentile(share)
    }
}

extension [Int] {
    /// The nearest-rank percentile of a sorted list; nil when it is empty.
    package func percentile(_ share: Double) -> Int? {
        guard !isEmpty else { return nil }
        return self[Swift.max(0, Int((share * Double(count)).rounded(.up)) - 1)]
    }
}
