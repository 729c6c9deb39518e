#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The normal distribution with mean 0 and standard deviation 1.
enum NormalDistribution {
    /// The chance of a value up to `z`: erfc(−z/√2)/2.
    static func cumulative(_ z: Double) -> Double {
        0.5 * erfc(-z / 2.0.squareRoot())
    }

    /// The value that is not exceeded with a chance: 1.645 for 0.95. The chance lies between 0 and 1, both excluded.
    ///
    /// Peter Acklam's rational approximation (relative error 1.15e-9), made exact to the last digits by one step of
    /// Halley's method.
    static func quantile(_ chance: Double) -> Double {
        precondition(chance > 0 && chance < 1, "No value has the chance \(chance).")
        let start = approximateQuantile(chance)
        let error = cumulative(start) - chance
        let step = error * (2 * Double.pi).squareRoot() * exp(start * start / 2)
        return start - step / (1 + start * step / 2)
    }

    private static func approximateQuantile(_ chance: Double) -> Double {
        guard chance >= 0.02425 else { return tail((-2 * log(chance)).squareRoot()) }
        guard chance <= 1 - 0.02425 else { return -tail((-2 * log1p(-chance)).squareRoot()) }
        let (q, r) = (chance - 0.5, (chance - 0.5) * (chance - 0.5))
        return q * polynomial(center.above, r) / (polynomial(center.below, r) * r + 1)
    }

    private static func tail(_ q: Double) -> Double {
        polynomial(tails.above, q) / (polynomial(tails.below, q) * q + 1)
    }

    /// Highest power first.
    private static func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
        coefficients.reduce(0) { $0 * x + $1 }
    }

    private static let center = (
        above: [
            -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
            -3.066479806614716e+01, 2.506628277459239e+00,
        ],
        below: [
            -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
            -1.328068155288572e+01,
        ]
    )
    private static let tails = (
        above: [
            -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00,
            4.374664141464968e+00, 2.938163982698783e+00,
        ],
        below: [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00]
    )
}
