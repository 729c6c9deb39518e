#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Wilcoxon's signed-rank test: do paired differences lie around zero?
package struct WilcoxonSignedRank: Sendable, Hashable {
    /// The pairs that differ; those that do not are left out, as Wilcoxon did.
    package let pairs: Int
    /// Two-sided; 1 when no pair differs.
    package let probability: Double

    /// The largest number of pairs whose distribution is computed exactly.
    private static let mostExact = 50

    /// The differences are ranked by size, equal ones with their mean rank; the sum of the ranks of positive ones is compared
    /// with what random signs give: exactly up to 50 pairs, otherwise by the normal distribution with its variance
    /// corrected for ties and the sum by 1/2 for continuity, as scipy.stats.wilcoxon does (F. Wilcoxon, Biometrics 1, 1945).
    package init(_ differences: [Double]) {
        let changed = differences.filter { $0 != 0 }.sorted { abs($0) < abs($1) }
        pairs = changed.count
        let (ranks, ties) = Self.doubledRanks(changed)
        let positive = zip(changed, ranks).reduce(0) { $1.0 > 0 ? $0 + $1.1 : $0 }
        probability =
            if changed.isEmpty {
                1
            } else if changed.count <= Self.mostExact {
                Self.exact(positive, ranks)
            } else {
                Self.normal(Double(positive) / 2, Double(changed.count), ties: ties)
            }
    }

    /// Twice the ranks, so that mean ranks are whole numbers, and the sum of t³ − t over groups of t equal ones.
    private static func doubledRanks(_ sorted: [Double]) -> (ranks: [Int], ties: Double) {
        var ranks: [Int] = []
        var ties = 0.0
        var start = 0
        while start < sorted.count {
            let end = sorted[start...].firstIndex { abs($0) != abs(sorted[start]) } ?? sorted.count
            ranks += Array(repeating: start + 1 + end, count: end - start)
            let size = Double(end - start)
            ties += size * size * size - size
            start = end
        }
        return (ranks, ties)
    }

    /// Twice the smaller tail of the sums that all choices of signs give.
    private static func exact(_ sum: Int, _ ranks: [Int]) -> Double {
        let all = ranks.reduce(0, +)
        var chances = [Double](repeating: 0, count: all + 1)
        chances[0] = 1
        var reached = 0
        for rank in ranks {
            for total in stride(from: reached, through: 0, by: -1) {
                chances[total] /= 2
                chances[total + rank] += chances[total]
            }
            reached += rank
        }
        let tail = chances[...Swift.min(sum, all - sum)].reduce(0, +)
        return Swift.min(1, 2 * tail)
    }

    private static func normal(_ sum: Double, _ n: Double, ties: Double) -> Double {
        let deviation = ((n * (n + 1) * (2 * n + 1) - ties / 2) / 24).squareRoot()
        let distance = abs(sum - n * (n + 1) / 4)
        return Swift.min(1, 2 * NormalDistribution.cumulative(-Swift.max(0, distance - 0.5) / deviation))
    }

    /// The smallest shift that so many pairs show with a chance of 80 %: (z₁₋α/₂ + z₀.₈) · s / √(0.955 n), with s the
    /// standard deviation of the differences and 0.955 the test's efficiency beside the t-test where they are normal.
    /// - Returns: Nil with fewer than two pairs.
    package static func smallestShift(_ differences: [Double], alpha: Double) -> Double? {
        guard differences.count > 1 else { return nil }
        let n = Double(differences.count)
        let mean = differences.reduce(0, +) / n
        let variance = differences.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (n - 1)
        let reach = NormalDistribution.quantile(1 - alpha / 2) + NormalDistribution.quantile(0.8)
        return reach * (variance / (0.955 * n)).squareRoot()
    }
}
