import Language

/// A test of pairs of cases: did something change between a run and its baseline?
package struct PairedTest: Sendable, Hashable {
    package enum Measure: String, Sendable, Hashable, CaseIterable {
        case verdicts, latency, tokens
    }

    /// The chance with which a test finds a change where there is none.
    package static let alpha = 0.05

    package let suite: String
    package let measure: Measure
    /// The cases that both runs have, and where the measure is known.
    package let pairs: Int
    /// `1 better, 4 worse`, or the mean change.
    package let change: String
    /// Two-sided, of this test alone.
    package let probability: Double
    /// Corrected for the same tests of the other suites of the run, after Holm.
    package fileprivate(set) var adjusted: Double
    /// The number of these tests.
    package fileprivate(set) var family = 1
    /// The smallest change that it could have found.
    package let smallest: String

    /// Whether there is a change.
    package var isChange: Bool { adjusted <= Self.alpha }

    /// One sentence for a report.
    package var text: String {
        let name = measure == .verdicts ? "McNemar, exact" : "Wilcoxon"
        let corrected = family > 1 ? ", after Holm over \(family) suites \(Self.spelled(adjusted))" : ""
        let finding = isChange ? "a change" : "no change found"
        return "\(measure.rawValue): \(change) of \(pairs.counting("pair")): \(finding) "
            + "(\(name), p \(Self.spelled(probability))\(corrected), α \(Self.alpha); \(smallest))"
    }

    private init(
        _ measure: Measure, of suite: String, pairs: Int, change: String, _ probability: Double, smallest: String
    ) {
        self.suite = suite
        self.measure = measure
        self.pairs = pairs
        self.change = change
        self.probability = probability
        adjusted = probability
        self.smallest = smallest
    }

    /// Those that there are pairs for. Samples of one case are no pairs of their own: its mean is one.
    static func all(of suite: String, _ cases: [CaseComparison]) -> [PairedTest] {
        let latencies = cases.compactMap { one in
            one.before?.latency.flatMap { then in one.now.latency.map { $0 - then } }
        }
        let tokens = cases.compactMap { one in one.before?.tokens.flatMap { then in one.now.tokens.map { $0 - then } } }
        return [
            verdicts(of: suite, cases.map(\.change)),
            shift(.latency, of: suite, latencies.map { Double($0) / 1e6 }, unit: "ms"),
            shift(.tokens, of: suite, tokens, unit: "tokens"),
        ].compactMap(\.self)
    }

    private static func verdicts(of suite: String, _ changes: [CaseComparison.Change]) -> PairedTest? {
        let (better, worse) = (changes.count { $0 == .better }, changes.count { $0 == .worse })
        let pairs = better + worse + changes.count { $0 == .same }
        guard pairs > 0 else { return nil }
        let fewest = McNemar.fewest(alpha: alpha)
        return PairedTest(
            .verdicts, of: suite, pairs: pairs, change: "\(better) better, \(worse) worse",
            McNemar.exact(better: better, worse: worse),
            smallest: pairs < fewest
                ? "nothing could have been found with fewer than \(fewest) pairs"
                : "\(fewest) cases that all change one way are the fewest it finds")
    }

    private static func shift(
        _ measure: Measure, of suite: String, _ differences: [Double], unit: String
    ) -> PairedTest? {
        guard !differences.isEmpty else { return nil }
        let mean = differences.reduce(0, +) / Double(differences.count)
        let sign = mean == 0 ? "" : mean < 0 ? "−" : "+"
        return PairedTest(
            measure, of: suite, pairs: differences.count,
            change: "\(sign)\(mean == 0 ? "0" : rounded(abs(mean))) \(unit) on average",
            WilcoxonSignedRank(differences).probability, smallest: smallest(differences, unit: unit))
    }

    /// What Wilcoxon's test of these differences could have found.
    private static func smallest(_ differences: [Double], unit: String) -> String {
        if differences.allSatisfy({ $0 == 0 }) { return "there is no difference in any pair" }
        // With fewer, even differences that all have one sign are no change: 2/2⁵ is above α.
        let fewest = McNemar.fewest(alpha: alpha)
        guard differences.count >= fewest,
            let shift = WilcoxonSignedRank.smallestShift(differences, alpha: alpha)
        else { return "nothing could have been found with fewer than \(fewest) pairs" }
        // All pairs may differ by nearly the same.
        let size = shift < 0.05 ? "less than 0.1" : "about \(rounded(shift))"
        return "a shift of \(size) \(unit) is found with a chance of 80 %"
    }

    private static func rounded(_ value: Double) -> String {
        value < 10 ? "\((value * 10).rounded() / 10)" : value < 1e15 ? "\(Int(value.rounded()))" : "\(value)"
    }

    /// `0.031`, `below 0.001`.
    private static func spelled(_ probability: Double) -> String {
        probability < 0.001 ? "below 0.001" : "\((probability * 1000).rounded() / 1000)"
    }
}

extension Run {
    /// The tests of all suites that have a baseline, corrected for their number: each measure is a family of its own.
    package var pairedTests: [PairedTest] {
        let tests = suites.flatMap { $0.comparison?.tests ?? [] }
        return PairedTest.Measure.allCases.flatMap { measure in
            let family = tests.filter { $0.measure == measure }
            return zip(family, Holm.adjusted(family.map(\.probability))).map { test, adjusted in
                var test = test
                test.adjusted = adjusted
                test.family = family.count
                return test
            }
        }
    }
}
