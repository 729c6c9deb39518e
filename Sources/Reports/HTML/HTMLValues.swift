import Language
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
        return .fields([
            "stack": .string(run.stack), "drover": .string(run.version), "startedAt": .string(run.startedAt),
            "took": .string(run.duration.spelled), "verdict": .string(run.verdict.rawValue),
            "counts": .string(run.counts.text), "served": run.target.map(Value.string),
            "suites": .array(run.suites.map(suite)),
        ])
    }

    private func suite(_ result: SuiteResult) -> Value {
        [
            "name": .string(result.suite), "agent": .string(result.agent),
            "verdict": .string(result.verdict.rawValue), "thresholds": .array(result.thresholds.map(threshold)),
        ]
    }

    private func threshold(_ outcome: ThresholdOutcome) -> Value {
        .fields([
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
        return .fields([
            "suite": .integer(position.suite), "verdict": .string(tally.verdict.rawValue),
            "decides": .bool(tally.decides), "passed": .integer(tally.passed), "taken": .integer(tally.samples),
            "wanted": .integer(tally.repetition.samples),
            "slowest": tally.latency.map { .integer($0.milliseconds) },
            "used": tally.usage.map { .integer($0.total) },
        ])
    }
}
