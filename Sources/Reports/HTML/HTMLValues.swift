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
            "suites": .array(run.suites.map(suite)),
        ])
    }

    private func suite(_ result: SuiteResult) -> Value {
        let counts = Counts(result.cases)
        return .present([
            "name": .string(result.suite), "agent": .string(result.agent),
            "verdict": .string(result.verdict.rawValue), "thresholds": .array(result.thresholds.map(threshold)),
            "interval": interval(counts.passed, of: counts.passed + counts.failed),
        ])
    }

    /// Of the pass rate; nil for fewer than two.
    private func interval(_ passed: Int, of all: Int) -> Value? {
        guard all > 1, let interval = Interval.wilson(passed, of: all) else { return nil }
        return [.number(interval.low), .number(interval.high)]
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
        return .present([
            "suite": .integer(position.suite), "verdict": .string(tally.verdict.rawValue),
            "decides": .bool(tally.decides), "passed": .integer(tally.passed), "taken": .integer(tally.samples),
            "wanted": .integer(tally.repetition.samples),
            "slowest": tally.latency.map { .integer($0.milliseconds) },
            "used": tally.usage.map { .integer($0.total) },
            "interval": interval(tally.passed, of: tally.passed + tally.failed),
        ])
    }
}

extension Value {
    /// An object of those members that have a value.
    fileprivate static func present(_ members: [String: Value?]) -> Value {
        .object(members.compactMapValues { $0 })
    }
}
