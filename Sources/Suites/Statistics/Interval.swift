/// The interval in which a value lies with some confidence.
package struct Interval: Sendable, Hashable {
    package let low: Double
    package let high: Double

    package init(low: Double, high: Double) {
        self.low = low
        self.high = high
    }

    /// The confidence of the intervals in reports.
    package static let confidence = 0.95

    /// Wilson's score interval of a rate, two-sided; nil without trials.
    ///
    /// (p̂ + z²/2n ± z·√(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n). It is right on average at every rate and never empty, also
    /// with no failures (E. B. Wilson, JASA 22, 1927; L. D. Brown et al., Statistical Science 16, 2001).
    package static func wilson(
        _ successes: Int, of trials: Int, confidence: Double = Interval.confidence
    ) -> Interval? {
        guard trials > 0 else { return nil }
        let (n, z) = (Double(trials), NormalDistribution.quantile((1 + confidence) / 2))
        let rate = Double(successes) / n
        let center = rate + z * z / (2 * n)
        let reach = z * (rate * (1 - rate) / n + z * z / (4 * n * n)).squareRoot()
        let low = successes == 0 ? 0 : (center - reach) / (1 + z * z / n)
        let high = successes == trials ? 1 : (center + reach) / (1 + z * z / n)
        return Interval(low: low, high: high)
    }
}
