import Language
import Runtime
import Suites

/// The numbers of a run as the page reads them: what the lines of its log do not say.
struct HTMLValues {
    private let recorded: RecordedRun

    init(_ recorded: RecordedRun) {
        self.recorded = recorded
    }

    /// The run and its suites, without cases.
    var summary: Value {
        let run = recorded.run
        return .present([
            "stack": .string(run.stack), "drover": .string(run.version), "startedAt": .string(run.startedAt),
            "took": .string(run.duration.spelled), "verdict": .string(run.verdict.rawValue),
            "counts": .string(run.counts.text), "served": run.target.map(Value.string),
            "mlflow": recorded.record.mlflow.map(Value.string),
            "suites": .array(run.suites.map(suite)),
        ])
    }

    /// What a suite came to in earlier whole runs, the oldest first.
    private func earlier(_ suite: String) -> Value? {
        let runs = recorded.earlier.filter(\.isWhole).compactMap { run -> Value? in
            guard let result = run.suites.first(where: { $0.name == suite }) else { return nil }
            return .present([
                "at": .string(run.startedAt), "verdict": .string(result.verdict.rawValue),
                "passed": .integer(result.passed), "failed": .integer(result.failed),
                "inconclusive": .integer(result.inconclusive), "run": run.id.map(Value.string),
            ])
        }
        return runs.isEmpty ? nil : .array(runs)
    }

    /// `3/3` for each earlier run that tried a case, the oldest first; nil where it always came to the same.
    private func earlier(of position: RecordedRun.Position, now: CaseTally) -> Value? {
        guard !recorded.earlier.isEmpty else { return nil }
        let suite = recorded.run.suites[position.suite].suite
        let id = recorded.id(of: position).description
        let shares = recorded.earlier.compactMap { run in
            run.suites.first { $0.name == suite }?.cases[id].map { "\($0[0])/\($0[1])" }
        }
        let share = "\(now.passed)/\(now.passed + now.failed)"
        return shares.allSatisfy { $0 == share } ? nil : .array(shares.map(Value.string))
    }

    private func suite(_ result: SuiteResult) -> Value {
        let statistics = result.statistics
        let paired = recorded.run.pairedTests.filter { $0.suite == result.suite }.map(\.text)
        return .present([
            "name": .string(result.suite), "agent": .string(result.agent),
            "experimentID": recorded.record.experiments?[result.suite].map(Value.string),
            "verdict": .string(result.verdict.rawValue), "thresholds": .array(result.thresholds.map(threshold)),
            "interval": statistics.decided > 1 ? statistics.interval.map(interval) : nil,
            "said": SuiteStatistics.isTelling(result.cases) ? .array(statistics.lines.map(Value.string)) : nil,
            "earlier": earlier(result.suite),
            "judges": result.judges.isEmpty ? nil : .array(result.judges.map(judge)),
            "baseline": result.comparison.map { comparison in
                [
                    "name": .string(comparison.baseline.title), "text": .string(comparison.text),
                    "gone": .array(comparison.baseline.gone.map(Value.string)),
                    "tests": .array(paired.map(Value.string)),
                ]
            },
        ])
    }

    /// How many answers a judge found good, corrected where it is known how often it is wrong.
    private func judge(_ rate: JudgedRate) -> Value {
        let shown = rate.corrected ?? rate.observed
        let (low, high) = (shown.interval.low, shown.interval.high)
        return ["text": .string(rate.text), "rate": [.number(shown.value), .number(low), .number(high)]]
    }

    private func interval(_ interval: Interval) -> Value {
        [.number(interval.low), .number(interval.high)]
    }

    private func threshold(_ outcome: ThresholdOutcome) -> Value {
        .present([
            "name": .string(outcome.name), "wanted": .string(outcome.wanted), "actual": .string(outcome.actual),
            "verdict": .string(outcome.verdict.rawValue),
            "place": outcome.range.map { range in
                [
                    "file": .string(recorded.sources[range.source].path),
                    "line": .integer(Int(range.start.line)),
                ]
            },
        ])
    }

    /// What a case came to.
    func tally(of position: RecordedRun.Position) -> Value {
        let tally = recorded.tally(of: position)
        let statistics = tally.statistics
        let comparison = recorded.run.suites[position.suite].comparison?.cases[position.testCase]
        return .present([
            "suite": .integer(position.suite), "verdict": .string(tally.verdict.rawValue),
            "decides": .bool(tally.decides), "passed": .integer(tally.passed), "taken": .integer(tally.samples),
            "wanted": .integer(tally.repetition.wanted),
            "slowest": tally.latency.map { .integer($0.milliseconds) },
            "used": tally.usage.map { .integer($0.total) },
            "interval": tally.samples > 1 ? statistics.interval.map(interval) : nil,
            "more": tally.repetition.samples > 1 ? statistics.toKnowMore.map(Value.string) : nil,
            "change": comparison.map { .string($0.change.rawValue) },
            "trend": comparison?.trend.map(Value.string),
            "known": recorded.earlier.isEmpty ? nil : .integer(tally.passed + tally.failed),
            "earlier": earlier(of: position, now: tally),
        ])
    }
}

extension Value {
    /// An object of those members that have a value.
    fileprivate static func present(_ members: [String: Value?]) -> Value {
        .object(members.compactMapValues { $0 })
    }
}
