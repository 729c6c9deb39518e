#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The number of successes in independent trials of equal rate.
struct BinomialDistribution: Sendable, Hashable {
    /// 0 or more.
    let trials: Int
    /// 0 to 1.
    let rate: Double

    /// The chance of exactly so many successes: C(n, k) · pᵏ · (1 − p)ⁿ⁻ᵏ.
    func probability(of successes: Int) -> Double {
        guard (0...trials).contains(successes) else { return 0 }
        guard rate > 0 else { return successes == 0 ? 1 : 0 }
        guard rate < 1 else { return successes == trials ? 1 : 0 }
        let ways = LogFactorial.of(trials) - LogFactorial.of(successes) - LogFactorial.of(trials - successes)
        return exp(ways + Double(successes) * log(rate) + Double(trials - successes) * log1p(-rate))
    }

    /// The chance of that many or fewer.
    func atMost(_ successes: Int) -> Double {
        guard successes < trials else { return 1 }
        guard successes >= 0 else { return 0 }
        return min(1, (0...successes).map(probability).reduce(0, +))
    }

    /// The chance of that many or more.
    func atLeast(_ successes: Int) -> Double {
        guard successes > 0 else { return 1 }
        guard successes <= trials else { return 0 }
        return min(1, (successes...trials).map(probability).reduce(0, +))
    }
}

/// ln n!, without the C library's `lgamma`, which writes to a global variable.
enum LogFactorial {
    private static let small: [Double] = (1..<1024).reduce(into: [0]) { sums, n in
        sums.append((sums.last ?? 0) + log(Double(n)))
    }

    /// By a table, and from 1024 by Stirling's series, whose error is there below 1e-18.
    static func of(_ n: Int) -> Double {
        guard n >= small.count else { return small[n] }
        let x = Double(n)
        return x * log(x) - x + 0.5 * log(2 * .pi * x) + 1 / (12 * x) - 1 / (360 * x * x * x)
    }
}
