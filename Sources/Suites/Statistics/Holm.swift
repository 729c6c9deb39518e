/// Holm's correction for several tests: with it, the chance that any of them finds what is not there stays below α.
package enum Holm {
    /// The p-values to compare with α, in the order of the given ones: the i-th smallest of m times m − i + 1, and no less
    /// than those before it (S. Holm, Scandinavian Journal of Statistics 6, 1979).
    package static func adjusted(_ values: [Double]) -> [Double] {
        var adjusted = values
        var least = 0.0
        for (rank, index) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() {
            least = Swift.max(least, Swift.min(1, values[index] * Double(values.count - rank)))
            adjusted[index] = least
        }
        return adjusted
    }
}
