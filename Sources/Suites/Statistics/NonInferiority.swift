/// Whether an agent is no worse than before by more than a margin.
package struct NonInferiority: Sendable, Hashable {
    /// The share of cases that may be lost, above 0 and below 1.
    package let margin: Double
    /// Of each verdict, one-sided.
    package let confidence: Double

    package init(margin: Double, confidence: Double = 0.95) {
        self.margin = margin
        self.confidence = confidence
    }

    /// Passed when the whole interval lies above −margin, failed when it lies below.
    package func verdict(_ change: Interval?) -> Verdict {
        guard let change else { return .inconclusive }
        if change.low > -margin { return .passed }
        return change.high < -margin ? .failed : .inconclusive
    }

    /// The number of pairs with which the test finds out with a chance of 80 %, if the rates change by `change` and a share of
    /// `discordance` of the pairs differ: (z_confidence + z₀.₈)² · (discordance − change²)/(margin + change)².
    /// - Returns: Nil when the change is just the margin: then no number would do.
    package func pairs(change: Double = 0, discordance: Double) -> Int? {
        let distance = margin + change
        let reach = NormalDistribution.quantile(confidence) + NormalDistribution.quantile(0.8)
        let needed = reach * reach * max(0, discordance - change * change) / (distance * distance)
        guard needed.isFinite, needed < 1e7 else { return nil }
        return max(Int(needed.rounded(.up)), fewestPairs)
    }

    /// The fewest pairs, none of them different, that pass: the score interval's lower bound is −z²/(n + z²) then.
    package var fewestPairs: Int {
        let z = NormalDistribution.quantile(confidence)
        return Int((z * z * (1 - margin) / margin).rounded(.down)) + 1
    }

    /// The chance, by the normal distribution, that the test passes an agent that did not change.
    package func chance(pairs: Int, discordance: Double) -> Double {
        guard pairs >= fewestPairs else { return 0 }
        let deviation = (discordance / Double(pairs)).squareRoot()
        return NormalDistribution.cumulative(margin / deviation - NormalDistribution.quantile(confidence))
    }
}
