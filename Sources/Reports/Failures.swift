package import Language
package import Suites

extension SuiteResult {
    /// The thresholds that were missed.
    var diagnostics: [Diagnostic] {
        let missed = thresholds.compactMap { $0.diagnostic(in: suite) }
        return verdict == .inconclusive && missed.isEmpty && !cases.contains(where: \.decides)
            ? [.nothingDecides(self)] : missed
    }
}

extension CaseResult {
    /// The problems of its samples, in the order of the conversation; warnings when the case passed anyway or is in
    /// quarantine.
    package var diagnostics: [Diagnostic] {
        let all = missed.map { $0.miss.diagnostic(count: $0.count, of: self) } + problems + [notRun].compactMap { $0 }
        guard !decides || verdict == .passed else { return all.uniqued }
        return all.uniqued.map { diagnostic in
            var warning = diagnostic
            // A quarantine that is over hides a case for as long as nobody looks.
            if diagnostic.code != "quarantine-over" { warning.severity = .warning }
            return warning
        }
    }

    /// What was missed, one for each place, with the number of samples that missed it.
    var missed: [(miss: Miss, count: Int)] {
        samples.flatMap { sample in misses(of: sample) }.grouped
    }

    /// The turns of its longest sample.
    var turns: Int {
        samples.map(\.turns.count).max() ?? 1
    }

    private var problems: [Diagnostic] {
        samples.compactMap { sample in
            var problem = sample.problem
            // All rows of a table are declared at one place.
            if id.variant != nil, let found = problem, found.subject != nil, !found.detail.contains(id.description) {
                problem?.detail = "`\(id)`: \(found.detail)"
            }
            if sample.verdict != .error { problem?.severity = .warning }
            return problem
        }
    }

    private func misses(of sample: Sample) -> [Miss] {
        sample.turns.enumerated().flatMap { index, turn in
            turn.outcomes.filter { $0.matters(beside: sample.problem) }.map { Miss(turn: index + 1, outcome: $0) }
        }
    }
}

/// An expectation that did not hold, or could not be evaluated, in one turn.
struct Miss {
    /// From 1.
    let turn: Int
    let outcome: AssertionOutcome

    fileprivate func diagnostic(count: Int, of result: CaseResult) -> Diagnostic {
        let place = result.turns > 1 ? "`\(result.id)`, turn \(turn)" : "`\(result.id)`"
        let share = result.samples.count > 1 ? " (\(count) of \(result.samples.count) samples)" : ""
        switch outcome.result {
        case .passed:
            preconditionFailure("Only what was missed is reported.")
        case .failed(let mismatch):
            let notes = mismatch.notes + mismatch.comparison.map { Diagnostic.Note($0) }
            return Diagnostic(
                "assertion-failed", "Assertion failed", detail: "\(place): \(mismatch.reason)\(share)",
                at: outcome.range, address: result.id.description, notes: notes, cause: .failed)
        case .error(let reason):
            return Diagnostic(
                "assertion-unknown", "Assertion could not be judged", detail: "\(place): \(reason)\(share)",
                fix: "Mend what stood in the way, and run the case again; or leave the assertion out.",
                at: outcome.range, address: result.id.description, cause: .inconclusive)
        }
    }
}

extension AssertionOutcome {
    /// Whether to show it: not when it passed, nor when the problem of the sample says the same.
    fileprivate func matters(beside problem: Diagnostic?) -> Bool {
        switch result {
        case .passed: false
        case .failed: true
        case .error: problem == nil || name != "answer"
        }
    }
}

extension [Miss] {
    /// One for each place, with the number of misses; the first miss gives the reason.
    fileprivate var grouped: [(miss: Miss, count: Int)] {
        var groups: [(miss: Miss, count: Int)] = []
        for miss in self {
            let same = groups.firstIndex { $0.miss.turn == miss.turn && $0.miss.outcome.range == miss.outcome.range }
            if let same {
                groups[same].count += 1
            } else {
                groups.append((miss, 1))
            }
        }
        return groups
    }
}

extension ThresholdOutcome {
    /// Nil when it was reached, or is the default: then its cases say enough.
    fileprivate func diagnostic(in suite: String) -> Diagnostic? {
        guard let range else { return nil }
        let detail = "`\(suite)`: `\(name)` is to be \(wanted); it was: \(actual)."
        switch verdict {
        case .passed:
            return nil
        case .failed:
            return Diagnostic(
                "threshold-missed", "Threshold missed", detail: detail,
                fix: "Mend the agent, or set `thresholds.\(name)` to what is to be reached.", at: range, cause: .failed)
        case .inconclusive:
            return Diagnostic(
                "threshold-unknown", "A threshold leaves the suite inconclusive", detail: detail, fix: fix, at: range,
                cause: .inconclusive)
        }
    }

    private var fix: String {
        switch name {
        case "noWorseThan": "Bless a run as the baseline with `drover test bless`, or take more samples."
        case "totalTokens", "maxDuration": "Raise `thresholds.\(name)`, or ask for less."
        case _: "Look at what could not be found out, and run the suite again."
        }
    }
}

extension Diagnostic {
    fileprivate static func nothingDecides(_ result: SuiteResult) -> Diagnostic {
        Diagnostic(
            "nothing-decides", "No case of the suite decides",
            detail: result.cases.isEmpty
                ? "`\(result.suite)` has no cases, so nothing is known."
                : result.cases.count == 1
                    ? "`\(result.suite)`: its only case is in quarantine, so nothing is known."
                    : "`\(result.suite)`: each of its \(result.cases.count) cases is in quarantine, so nothing is known.",
            fix: "Mend a case, and remove its `quarantine`.", at: result.range, cause: .inconclusive)
    }
}

extension [Diagnostic] {
    /// Without duplicates, in order of first occurrence.
    fileprivate var uniqued: [Diagnostic] {
        var seen: Set<Diagnostic> = []
        return filter { seen.insert($0).inserted }
    }
}
