import Foundation
import Language
import Testing

@testable import Suites

/// `Tests/Fixtures/Statistics/scipy-values.py` says how the values were made.
@Suite("Statistics as scipy computes them")
struct ScipyTests {
    private static func cases(_ name: String) throws -> [[String: Value]] {
        let path = URL(filePath: #filePath).appending(path: "../../../Fixtures/Statistics/scipy-values.json")
        let values = try Value(json: Data(contentsOf: path.standardizedFileURL))
        return try #require(values[name]?.array).compactMap(\.object)
    }

    private func isNear(_ value: Double?, _ expected: Value?, within tolerance: Double = 1e-9) -> Bool {
        guard let value, let expected = expected?.double else { return false }
        return abs(value - expected) <= tolerance * max(1e-3, abs(expected))
    }

    @Test("Quantiles of the normal distribution")
    func normal() throws {
        for one in try Self.cases("normal") {
            let chance = try #require(one["p"]?.double)
            let quantile = NormalDistribution.quantile(chance)
            #expect(isNear(quantile, one["z"], within: 1e-11), "\(one)")
            #expect(abs(NormalDistribution.cumulative(quantile) - chance) < 1e-14)
        }
    }

    @Test("Chances of the binomial distribution")
    func binomial() throws {
        for one in try Self.cases("binomial") {
            let (n, k) = (try #require(one["n"]?.integer), try #require(one["k"]?.integer))
            let distribution = BinomialDistribution(trials: n, rate: try #require(one["p"]?.double))
            #expect(isNear(distribution.probability(of: k), one["pmf"]), "\(one)")
            #expect(isNear(distribution.atMost(k), one["cdf"]), "\(one)")
            #expect(isNear(distribution.atLeast(k), one["sf"]), "\(one)")
        }
    }

    @Test("Wilson's interval")
    func wilson() throws {
        for one in try Self.cases("wilson") {
            let (passed, n) = (try #require(one["passed"]?.integer), try #require(one["n"]?.integer))
            let interval = Interval.wilson(passed, of: n, confidence: try #require(one["confidence"]?.double))
            #expect(isNear(interval?.low, one["low"]) && isNear(interval?.high, one["high"]), "\(one)")
        }
        #expect(Interval.wilson(0, of: 0) == nil)
    }

    @Test("McNemar's exact test")
    func mcnemar() throws {
        for one in try Self.cases("mcnemar") {
            let (better, worse) = (try #require(one["better"]?.integer), try #require(one["worse"]?.integer))
            #expect(isNear(McNemar.exact(better: better, worse: worse), one["p"]), "\(one)")
        }
        #expect(McNemar.exact(better: 0, worse: 0) == 1)
        #expect(McNemar.fewest(alpha: 0.05) == 6)
    }

    @Test("Wilcoxon's signed-rank test: exact for few pairs, also with ties, else by the normal distribution")
    func wilcoxon() throws {
        for one in try Self.cases("wilcoxon") {
            let differences = try #require(one["differences"]?.array).compactMap(\.double)
            #expect(isNear(WilcoxonSignedRank(differences).probability, one["p"]), "\(String(describing: one["name"]))")
        }
        #expect(WilcoxonSignedRank([0, 0]).probability == 1)
        #expect(WilcoxonSignedRank([]).probability == 1)
    }

    @Test("Holm's correction")
    func holm() throws {
        for one in try Self.cases("holm") {
            let values = try #require(one["p"]?.array).compactMap(\.double)
            let expected = try #require(one["adjusted"]?.array).compactMap(\.double)
            for (value, wanted) in zip(Holm.adjusted(values), expected) {
                #expect(abs(value - wanted) < 1e-12, "\(one)")
            }
        }
    }

    @Test("Tango's interval for the difference of paired proportions")
    func tango() throws {
        for one in try Self.cases("tango") {
            let (better, worse) = (try #require(one["better"]?.integer), try #require(one["worse"]?.integer))
            let interval = PairedDifference.score(
                better: better, worse: worse, of: try #require(one["n"]?.integer),
                confidence: try #require(one["confidence"]?.double))
            // The numeric maximum of the fixture is flat, and so less exact than the closed form.
            #expect(isNear(interval?.low, one["low"], within: 1e-6), "\(one)")
            #expect(isNear(interval?.high, one["high"], within: 1e-6), "\(one)")
        }
        #expect(PairedDifference.score(better: 0, worse: 0, of: 0, confidence: 0.95) == nil)
    }
}
