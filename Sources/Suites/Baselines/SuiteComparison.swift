/// A suite beside its baseline, case by case.
package struct SuiteComparison: Sendable, Hashable {
    package let baseline: Baseline
    /// One for each case, in declaration order.
    package let cases: [CaseComparison]
    /// McNemar's test of the verdicts, Wilcoxon's of latency and tokens; not yet corrected for other suites.
    package let tests: [PairedTest]

    /// - Parameter before: The baseline of each case, by its place; nil for new ones.
    init(_ suite: String, _ baseline: Baseline, _ before: [Baseline.Case?], _ now: [CaseTally]) {
        self.baseline = baseline
        cases = zip(before, now).map { CaseComparison(before: $0, now: Baseline.Case($1), decides: $1.decides) }
        tests = PairedTest.all(of: suite, cases.filter(\.decides))
    }

    /// The number of deciding cases with a change.
    package func count(_ change: CaseComparison.Change) -> Int {
        cases.count { $0.decides && $0.change == change }
    }

    /// `2 better, 1 worse, 40 same, 1 new, 3 gone`; what is not there is left out.
    package var text: String {
        let counts = CaseComparison.Change.allCases.map { (count($0), $0.rawValue) } + [(baseline.gone.count, "gone")]
        let parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return parts.isEmpty ? "nothing to compare" : parts.joined(separator: ", ")
    }
}

/// A case beside its baseline.
package struct CaseComparison: Sendable, Hashable {
    /// Of the verdict.
    package enum Change: String, Sendable, Hashable, CaseIterable {
        case worse, better, same
        /// One of the verdicts is inconclusive.
        case unknown
        /// The baseline does not have the case.
        case new
    }

    package let change: Change
    /// Nil for a new case.
    package let before: Baseline.Case?
    package let now: Baseline.Case
    /// Whether the case counts for the suite.
    package let decides: Bool

    init(before: Baseline.Case?, now: Baseline.Case, decides: Bool) {
        self.before = before
        self.now = now
        self.decides = decides
        change =
            switch (before?.verdict, now.verdict) {
            case (nil, _): .new
            case (.inconclusive, _), (_, .inconclusive): .unknown
            case (.passed, .failed): .worse
            case (.failed, .passed): .better
            case (.passed, .passed), (.failed, .failed): .same
            }
    }

    /// `3/3 → 2/3`: samples that passed, before and now; nil when the share did not change, or one is not known.
    package var trend: String? {
        guard let before, let change = rateChange, change != 0 else { return nil }
        return "\(before.share) → \(now.share)"
    }

    /// The share of passed samples now less the one before; nil when one is not known.
    package var rateChange: Double? {
        guard let then = before?.passRate, let rate = now.passRate else { return nil }
        return rate - then
    }
}
