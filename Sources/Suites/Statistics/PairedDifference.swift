/// How much a rate changed between two runs of the same cases.
package enum PairedDifference {
    /// Tango's score interval for the difference of paired proportions, each bound one-sided with the given confidence.
    ///
    /// For a difference Δ, z(Δ) = (b − c − nΔ)/√(n(2q + Δ(1 − Δ))), with b pairs better, c worse, and q the likeliest share
    /// of worse ones if Δ is true: q = (√(B² − 4AC) − B)/2A, A = 2n, B = (2n − b + c)Δ − b − c, C = −cΔ(1 − Δ). The
    /// interval holds all Δ with |z(Δ)| below the quantile (T. Tango, Statistics in Medicine 17, 1998).
    ///
    /// - Returns: Nil without pairs.
    package static func score(better: Int, worse: Int, of pairs: Int, confidence: Double) -> Interval? {
        guard pairs > 0 else { return nil }
        let z = NormalDistribution.quantile(confidence)
        let difference = Double(better - worse) / Double(pairs)
        let low = boundary(from: -1, to: difference) { score($0, better, worse, pairs) >= z }
        let high = boundary(from: difference, to: 1) { score($0, better, worse, pairs) > -z }
        return Interval(low: low, high: high)
    }

    /// z(Δ); it falls as Δ grows.
    private static func score(_ delta: Double, _ better: Int, _ worse: Int, _ pairs: Int) -> Double {
        let (b, c, n) = (Double(better), Double(worse), Double(pairs))
        let (first, second, third) = (2 * n, (2 * n - b + c) * delta - b - c, -c * delta * (1 - delta))
        let share = ((second * second - 4 * first * third).squareRoot() - second) / (2 * first)
        let variance = n * (2 * share + delta * (1 - delta))
        let distance = b - c - n * delta
        guard variance > 0 else { return distance == 0 ? 0 : distance > 0 ? .infinity : -.infinity }
        return distance / variance.squareRoot()
    }

    /// Where a condition that holds below ceases to hold.
    private static func boundary(from low: Double, to high: Double, where holds: (Double) -> Bool) -> Double {
        var (low, high) = (low, high)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if holds(middle) { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The interval of the mean change of the rates of cases, each bound one-sided with the given confidence, by a bootstrap
    /// that resamples whole cases: the samples of one case are not independent.
    ///
    /// Each resample is drawn from two cases more than there are, which got better or worse as a coin falls: without them,
    /// three cases that did not change would prove that none does, and where few cases change much a bootstrap is too sure
    /// (in simulations it passed what is just as much worse as the margin in up to 10 of 100 runs with one such case, and in
    /// 2 to 6 with two). Equal input gives equal bounds.
    ///
    /// - Parameter changes: For each case, its rate now less its rate before, −1 to 1.
    /// - Returns: Nil without cases.
    package static func bootstrap(
        _ changes: [Double], confidence: Double, seed: UInt64 = 1, resamples: Int = 2000
    ) -> Interval? {
        guard !changes.isEmpty else { return nil }
        var random = SeededGenerator(seed: seed)
        let count = changes.count + 2
        let means = (0..<resamples).map { _ in
            let sum = (0..<count).reduce(0.0) { sum, _ in
                let index = random.index(below: count)
                return sum + (index < changes.count ? changes[index] : random.next() & 1 == 0 ? 1 : -1)
            }
            return sum / Double(count)
        }.sorted()
        let outside = Int((1 - confidence) * Double(resamples))
        return Interval(low: means[outside], high: means[resamples - 1 - outside])
    }
}
