import Language
import Runtime
import Suites

/// Turns results into JSON values, as `JSONReport` describes them.
struct ResultValues {
    let sources: SourceMap

    /// Without its cases.
    /// - Parameter tests: Of all suites with a baseline.
    func suite(_ result: SuiteResult, _ tests: [PairedTest]) -> [String: Value] {
        var object: [String: Value] = [
            "name": .string(result.suite),
            "agent": .string(result.agent),
            "verdict": .string(result.verdict.rawValue),
            "place": place(result.range),
            "thresholds": .array(result.thresholds.map(threshold)),
            "statistics": statistics(result.statistics),
            "baseline": result.comparison.map { comparison in
                baseline(comparison, tests.filter { $0.suite == result.suite })
            } ?? .null,
        ]
        if !result.judges.isEmpty { object["judges"] = .array(result.judges.map(judge)) }
        return object
    }

    private func judge(_ rate: JudgedRate) -> Value {
        func estimate(_ estimate: JudgedRate.Estimate) -> Value {
            [
                "value": .number(estimate.value), "low": .number(estimate.interval.low),
                "high": .number(estimate.interval.high),
            ]
        }
        return [
            "judge": .string(rate.judge), "atLeast": rate.atLeast.map { .integer($0) } ?? .null,
            "passed": .integer(rate.passed), "judged": .integer(rate.judged), "rate": estimate(rate.observed),
            "corrected": rate.corrected.map(estimate) ?? .null,
        ]
    }

    private func threshold(_ outcome: ThresholdOutcome) -> Value {
        [
            "name": .string(outcome.name),
            "wanted": .string(outcome.wanted),
            "actual": .string(outcome.actual),
            "verdict": .string(outcome.verdict.rawValue),
            "place": outcome.range.map(place) ?? .null,
        ]
    }

    func wanted(_ repetition: Repetition) -> Value {
        switch repetition.rule {
        case .counting(let atLeast):
            ["samples": .integer(repetition.samples), "atLeast": .integer(atLeast)]
        case .sequential(let test):
            [
                "reliability": .number(test.reliability), "unacceptable": .number(test.unacceptable),
                "alpha": .number(test.alpha), "beta": .number(test.beta), "max": .integer(test.max),
                "cases": .integer(test.cases),
            ]
        }
    }

    func ballot(_ ballot: Ballot) -> Value {
        // Why the votes decide nothing is the reason of the assertion.
        let decision = try? ballot.decision()
        return [
            "judge": .string(ballot.judge), "model": .string(ballot.model),
            "passes": decision.map { .bool($0.passes) } ?? .null,
            "agreement": decision.map { .number($0.agreement) } ?? .null,
            "mark": ballot.mark.map { .number($0) } ?? .null,
            "atLeast": ballot.atLeast.map { .integer($0) } ?? .null,
            "scale": ballot.scale.map { .integer($0) } ?? .null,
            "tokens": tokens(ballot.usage),
            "votes": .array(
                ballot.votes.map { vote in
                    [
                        "passes": .bool(ballot.passes(vote)), "mark": vote.mark.map { .integer($0) } ?? .null,
                        "reason": .string(vote.reason),
                    ]
                }),
        ]
    }

    func diagnostic(_ diagnostic: Diagnostic) -> Value {
        [
            "code": .string(diagnostic.code.name),
            "summary": .string(diagnostic.summary),
            "detail": .string(diagnostic.detail),
            "fix": text(diagnostic.fix),
            "place": diagnostic.subject.map(place) ?? .null,
        ]
    }

    func tokens(_ usage: Answer.Usage?) -> Value {
        guard let usage else { return .null }
        return ["input": .integer(usage.input), "output": .integer(usage.output), "total": .integer(usage.total)]
    }

    func text(_ text: String?) -> Value {
        text.map { .string($0) } ?? .null
    }

    func place(_ range: SourceRange) -> Value {
        [
            "file": .string(sources[range.source].path),
            "line": .integer(Int(range.start.line)), "column": .integer(Int(range.start.column)),
            "endLine": .integer(Int(range.end.line)), "endColumn": .integer(Int(range.end.column)),
        ]
    }
}
