#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Wald's sequential probability ratio test of two rates: is an agent as reliable as wanted, or unacceptable?
///
/// After each sample, ln Λ = passed · ln(p₁/p₀) + failed · ln((1 − p₁)/(1 − p₀)), with p₁ the wanted and p₀ the
/// unacceptable rate. At ln(1/α) or more the case passes, at ln β or less it fails; between them the next sample is taken
/// (A. Wald, Sequential Analysis, 1947). Wald's own limits, ln((1 − β)/α) and ln(β/(1 − α)), keep α and β only nearly;
/// these need a sample more now and then, and keep them for certain: Λ is a martingale where p₀ holds, and exceeds 1/α
/// with a chance of α at most. After `max` samples without a decision the case is inconclusive.
package struct SequentialTest: Sendable, Hashable, Codable {
    /// The wanted rate, p₁.
    package let reliability: Double
    /// The rate that must not pass, p₀; it is lower.
    package let unacceptable: Double
    /// The chance that any case of the suite passes whose rate is unacceptable.
    package let alpha: Double
    /// The chance that a case fails whose rate is the wanted one.
    package let beta: Double
    /// The most samples.
    package let max: Int
    /// The number of cases that α is divided over (Bonferroni).
    package var cases: Int

    package init(
        reliability: Double, unacceptable: Double, alpha: Double = 0.05, beta: Double = 0.1, max: Int = 60,
        cases: Int = 1
    ) {
        self.reliability = reliability
        self.unacceptable = unacceptable
        self.alpha = alpha
        self.beta = beta
        self.max = max
        self.cases = cases
    }

    /// Of one case.
    package var alphaOfCase: Double { alpha / Double(Swift.max(1, cases)) }

    /// Errors are neither successes nor failures.
    package func verdict(passed: Int, failed: Int) -> Verdict {
        let evidence = evidence(passed: passed, failed: failed)
        if evidence >= -log(alphaOfCase) - 1e-9 { return .passed }
        return evidence <= log(beta) + 1e-9 ? .failed : .inconclusive
    }

    /// Whether so many more samples could decide.
    package func canDecide(passed: Int, failed: Int, within more: Int) -> Bool {
        verdict(passed: passed + more, failed: failed) == .passed
            || verdict(passed: passed, failed: failed + more) == .failed
    }

    /// The fewest passes, without a failure, that decide.
    package var fewestPasses: Int {
        Int(exactly: ((-log(alphaOfCase) - 1e-9) / log(reliability / unacceptable)).rounded(.up)) ?? .max
    }

    /// About how many more samples decide if they go on as these did; nil when that is more than a million.
    package func samplesToDecide(passed: Int, failed: Int) -> Int? {
        let evidence = evidence(passed: passed, failed: failed)
        let drift = evidence / Double(passed + failed)
        let left = (drift > 0 ? -log(alphaOfCase) : log(beta)) - evidence
        let more = (left / drift).rounded(.up)
        return more.isFinite && more < 1e6 ? Swift.max(1, Int(more)) : nil
    }

    /// ln Λ.
    private func evidence(passed: Int, failed: Int) -> Double {
        Double(passed) * log(reliability / unacceptable)
            + Double(failed) * log((1 - reliability) / (1 - unacceptable))
    }
}

extension SequentialTest {
    /// What the test comes to for a case of some rate.
    package struct Chances: Sendable, Hashable {
        package let passed: Double
        package let failed: Double
        /// The mean number of samples.
        package let samples: Double

        package var inconclusive: Double { Swift.max(0, 1 - passed - failed) }
    }

    /// The exact chances of each verdict for a case that passes at a rate, the cap included: the sum over all paths, by
    /// the number of passes after each sample.
    package func chances(atRate rate: Double) -> Chances {
        var open: [Double] = [1]
        var (hasPassed, hasFailed, samples) = (0.0, 0.0, 0.0)
        for count in 0..<max {
            samples += open.reduce(0, +)
            var next = [Double](repeating: 0, count: count + 2)
            for (passed, chance) in open.enumerated() where chance > 0 {
                next[passed + 1] += chance * rate
                next[passed] += chance * (1 - rate)
            }
            for passed in next.indices where next[passed] > 0 {
                switch verdict(passed: passed, failed: count + 1 - passed) {
                case .passed: hasPassed += next[passed]
                case .failed: hasFailed += next[passed]
                case .inconclusive: continue
                }
                next[passed] = 0
            }
            open = next
        }
        return Chances(passed: hasPassed, failed: hasFailed, samples: samples)
    }
}
