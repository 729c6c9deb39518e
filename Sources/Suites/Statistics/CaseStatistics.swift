/// What the samples of a case say about it. Samples that ended in an error say nothing.
package struct CaseStatistics: Sendable, Hashable {
    package let passed: Int
    package let failed: Int
    package let errors: Int
    /// Wilson's interval of the pass rate with a confidence of 95 %; nil when nothing is known.
    package let interval: Interval?
    /// What it would take to know more, in one sentence; nil when the case is decided.
    package let toKnowMore: String?

    package init(_ tally: CaseTally) {
        passed = tally.passed
        failed = tally.failed
        errors = tally.errors
        interval = .wilson(tally.passed, of: tally.passed + tally.failed)
        toKnowMore = tally.verdict == .inconclusive ? tally.toKnowMore : nil
    }

    /// The share of samples that passed; nil when nothing is known.
    package var passRate: Double? {
        passed + failed > 0 ? Double(passed) / Double(passed + failed) : nil
    }

    /// pass@k, the chance that at least one of `k` samples passes; nil with fewer known samples.
    package func passAny(_ k: Int) -> Double? {
        PassAtK.any(k, passed: passed, of: passed + failed)
    }

    /// pass^k, the chance that all of `k` samples pass; nil with fewer known samples.
    package func passAll(_ k: Int) -> Double? {
        PassAtK.all(k, passed: passed, of: passed + failed)
    }
}

extension CaseTally {
    package var statistics: CaseStatistics { CaseStatistics(self) }

    fileprivate var toKnowMore: String {
        guard let test = repetition.test else {
            return errors > 0
                ? "\(errors) of \(repetition.wanted) samples ended in an error: find out why, or allow `retryErrors`."
                : "Run it again: samples are missing."
        }
        guard samples >= test.max || isOver else { return "Run it again: samples are missing." }
        let (passed, failed) = repetition.known(passed: passed, failed: failed)
        guard passed + failed > 0 else { return "All samples ended in an error: find out why." }
        guard let more = test.samplesToDecide(passed: passed, failed: failed) else {
            return "Its rate lies just between the two: raise `max` far, or move the rates apart."
        }
        return "About \(more) more samples would decide at its rate of \(passed)/\(passed + failed): raise `max`."
    }
}
