/// McNemar's exact test: of the pairs that differ, are as many better as worse?
package enum McNemar {
    /// The two-sided chance of a split as uneven as this or more when better and worse are equally likely: twice the smaller
    /// tail of a binomial of rate 1/2 (Q. McNemar, Psychometrika 12, 1947). 1 when no pair differs.
    package static func exact(better: Int, worse: Int) -> Double {
        let tail = BinomialDistribution(trials: better + worse, rate: 0.5).atMost(Swift.min(better, worse))
        return Swift.min(1, 2 * tail)
    }

    /// The fewest pairs, all of which got worse, that the test calls a change.
    package static func fewest(alpha: Double) -> Int {
        var count = 1
        while exact(better: 0, worse: count) > alpha { count += 1 }
        return count
    }
}
