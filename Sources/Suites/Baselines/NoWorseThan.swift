import Language

extension Thresholds.NoWorseThan {
    /// Whether the suite is no worse than its baseline. A case that is inconclusive now is counted against what the verdict
    /// would be, so that what is not known never decides.
    /// - Parameter comparison: Nil when there is no such baseline.
    func outcome(_ comparison: SuiteComparison?, at range: SourceRange) -> ThresholdOutcome {
        guard let comparison else {
            return outcome(of: baseline, "there is no such run yet", .inconclusive, at: range)
        }
        let name = comparison.baseline.title
        let pairs = Pairs(comparison.cases.filter(\.decides))
        guard pairs.known > 0 else {
            return outcome(of: name, "no case has a counterpart there", .inconclusive, at: range)
        }
        let verdict = verdict(of: pairs)
        let bounds = pairs.interval(unknownAs: nil, confidence: confidence)
        let change = bounds.map { " (\(Self.signed($0.low)) to \(Self.signed($0.high)))" } ?? ""
        let counted = "\(Self.signed(pairs.change))\(change) over \(pairs.known.counting("pair"))"
        let told = counted + (verdict == .inconclusive ? "; " + needed(for: pairs, bounds) : "")
        return outcome(of: name, told, verdict, at: range)
    }

    private func outcome(
        of baseline: String, _ actual: String, _ verdict: Verdict, at range: SourceRange
    ) -> ThresholdOutcome {
        let sure = "α \(Self.rounded(1 - confidence)), one-sided"
        return ThresholdOutcome(
            name: "noWorseThan", wanted: "at most \(margin) below `\(baseline)` (\(sure))", actual: actual,
            verdict: verdict, range: range)
    }

    private func verdict(of pairs: Pairs) -> Verdict {
        let worst = pairs.interval(unknownAs: .worse, confidence: confidence)
        if test.verdict(worst) == .passed { return .passed }
        let best = pairs.interval(unknownAs: .better, confidence: confidence)
        return test.verdict(best) == .failed ? .failed : .inconclusive
    }

    /// What it would take to know, and what could have been seen.
    private func needed(for pairs: Pairs, _ bounds: Interval?) -> String {
        let seen = bounds.map { "a margin of \(Self.rounded(-$0.low)) is the smallest that these pairs could show" }
        let number = test.pairs(change: pairs.change, discordance: pairs.discordance)
        let enough =
            if pairs.unknown > 0 {
                "\(pairs.unknown.counting("case")) \(pairs.unknown == 1 ? "is" : "are") not known"
            } else if let number {
                "about \(number.counting("pair")) would decide"
            } else {
                "no number of pairs decides a change of just the margin"
            }
        return [seen, enough].compactMap(\.self).joined(separator: ", and ")
    }

    private static func signed(_ value: Double) -> String {
        (value < 0 ? "−" : "+") + rounded(abs(value))
    }

    private static func rounded(_ value: Double) -> String {
        "\((value * 1000).rounded() / 1000)"
    }
}

/// The changes of the cases that a baseline has too.
private struct Pairs {
    private let changes: [Double]
    /// The rates before of the cases that are not known now.
    private let lost: [Double]
    private let repeats: Bool

    init(_ cases: [CaseComparison]) {
        let paired = cases.filter { $0.before?.passRate != nil && $0.before?.verdict != .inconclusive }
        repeats = paired.contains { ($0.before?.samples ?? 0) > 1 || $0.now.samples > 1 }
        let known = paired.filter { $0.now.verdict != .inconclusive && $0.rateChange != nil }
        changes = known.compactMap(\.rateChange)
        lost = paired.filter { $0.now.verdict == .inconclusive || $0.rateChange == nil }.compactMap(\.before?.passRate)
    }

    var known: Int { changes.count }
    var unknown: Int { lost.count }

    var change: Double { changes.reduce(0, +) / Double(changes.count) }

    /// The mean square of the changes; without repeats the share of pairs that differ.
    var discordance: Double { changes.map { $0 * $0 }.reduce(0, +) / Double(changes.count) }

    /// By Tango's score; with repeats by a bootstrap of whole cases.
    /// - Parameter unknown: What cases that are not known now are taken for; nil leaves them out.
    func interval(unknownAs unknown: CaseComparison.Change?, confidence: Double) -> Interval? {
        let taken =
            switch unknown {
            case .worse: changes + lost.map { -$0 }
            case .better: changes + lost.map { 1 - $0 }
            case .same, .unknown, .new, nil: changes
            }
        guard !repeats else { return PairedDifference.bootstrap(taken, confidence: confidence) }
        return PairedDifference.score(
            better: taken.count { $0 > 0 }, worse: taken.count { $0 < 0 }, of: taken.count, confidence: confidence)
    }
}

extension Baseline.Case {
    fileprivate var samples: Int { passed + failed + errors }
}
