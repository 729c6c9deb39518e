extension Calibration {
    /// A share with its 95 % interval.
    package struct Rate: Sendable, Hashable {
        package let count: Int
        package let of: Int
        package let interval: Interval

        package var value: Double { Double(count) / Double(of) }

        fileprivate init?(_ count: Int, of all: Int) {
            guard let interval = Interval.wilson(count, of: all) else { return nil }
            self.count = count
            of = all
            self.interval = interval
        }
    }

    /// The share of good answers that the judge finds good; nil when it decided about none.
    package var sensitivity: Rate? { Rate(goodPassed, of: goodPassed + goodFailed) }

    /// The share of bad answers that the judge finds bad; nil when it decided about none.
    package var specificity: Rate? { Rate(badFailed, of: badPassed + badFailed) }
}

/// The share of answers that a judge found good, and, where it is known how often it is wrong, what that says of the answers.
package struct JudgedRate: Sendable, Hashable {
    /// An estimate with its 95 % interval.
    package struct Estimate: Sendable, Hashable {
        package let value: Double
        package let interval: Interval

        /// `0.9, 0.699 to 0.972`.
        var text: String {
            let parts = [value, interval.low, interval.high].map { $0.rounded(toPlaces: 3) }
            return "\(parts[0]), \(parts[1]) to \(parts[2])"
        }
    }

    /// The declared name of the judge.
    package let judge: String
    /// The least mark that passes, of a judge that gives marks.
    package let atLeast: Int?
    package let passed: Int
    /// The answers that it decided about, in cases that decide.
    package let judged: Int
    /// As the judge sees it.
    package let observed: Estimate
    /// As people would probably see it; nil without a calibration of exactly this judge, or when it sees no more than chance.
    package let corrected: Estimate?

    /// `grounded: 18 of 20 answers are good (0.9, 0.699 to 0.972), corrected (0.944, 0.62 to 1)`.
    package var text: String {
        let name = atLeast.map { "\(judge), from a mark of \($0)" } ?? judge
        let corrected = corrected.map { ", corrected (\($0.text))" } ?? ""
        return "\(name): \(passed) of \(judged) answers are good (\(observed.text))" + corrected
    }

    init?(_ judge: String, atLeast: Int?, passed: Int, of judged: Int, _ calibration: Calibration?) {
        guard let interval = Interval.wilson(passed, of: judged) else { return nil }
        self.judge = judge
        self.atLeast = atLeast
        self.passed = passed
        self.judged = judged
        observed = Estimate(value: Double(passed) / Double(judged), interval: interval)
        corrected = calibration.flatMap { Self.corrected(passed, of: judged, by: $0) }
    }

    /// (p + Sp − 1) / (Se + Sp − 1), with the interval of Lang and Reiczigel, which holds what is unknown of sensitivity and
    /// specificity, too: all three are moved towards the middle, as Agresti and Coull do, and their variances added (W. J. Rogan,
    /// B. Gladen, Am. J. Epidemiology 107, 1978; Z. Lang, J. Reiczigel, Preventive Veterinary Medicine 113, 2014).
    static func corrected(_ passed: Int, of judged: Int, by calibration: Calibration) -> Estimate? {
        guard let sensitivity = calibration.sensitivity, let specificity = calibration.specificity,
            sensitivity.value + specificity.value > 1
        else { return nil }
        let z = NormalDistribution.quantile((1 + Interval.confidence) / 2)
        let n = Double(judged) + z * z
        let rate = (Double(passed) + z * z / 2) / n
        let (nSe, nSp) = (Double(sensitivity.of) + 2, Double(specificity.of) + 2)
        let (se, sp) = ((Double(sensitivity.count) + 1) / nSe, (Double(specificity.count) + 1) / nSp)
        let power = se + sp - 1
        guard power > 0 else { return nil }
        let center = (rate + sp - 1) / power
        let (varianceSe, varianceSp) = (se * (1 - se) / nSe, sp * (1 - sp) / nSp)
        let shift = 2 * z * z * (center * varianceSe - (1 - center) * varianceSp)
        let variance = rate * (1 - rate) / n + center * center * varianceSe + (1 - center) * (1 - center) * varianceSp
        let reach = z * variance.squareRoot() / power
        let plain = Double(passed) / Double(judged)
        let point = (plain + specificity.value - 1) / (sensitivity.value + specificity.value - 1)
        let value = min(1, max(0, point))
        return Estimate(
            value: value,
            interval: Interval(
                low: min(value, max(0, center + shift - reach)), high: max(value, min(1, center + shift + reach))))
    }
}
