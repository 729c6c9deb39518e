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

    /// - Parameter comparison: With the baseline; nil without one.
    func testCase(_ result: CaseResult, _ tally: CaseTally, _ comparison: CaseComparison?) -> Value {
        [
            "id": .string(result.id.description),
            "name": .string(result.name),
            "verdict": .string(result.verdict.rawValue),
            "decides": .bool(result.decides),
            "labels": .object(result.labels.mapValues { .string($0) }),
            "place": place(result.range),
            "latencyMs": result.latency.map { .integer($0.milliseconds) } ?? .null,
            "tokens": tokens(result.usage),
            "notRun": result.notRun.map(diagnostic) ?? .null,
            "quarantine": result.quarantine.map {
                ["until": .string($0.until.description), "reason": .string($0.reason)]
            } ?? .null,
            "wanted": wanted(result.repetition),
            "interval": interval(tally.statistics.interval),
            "baseline": comparison.map(compared) ?? .null,
            "toKnowMore": text(tally.statistics.toKnowMore),
            "samples": .array(result.samples.map(sample)),
        ]
    }

    private func wanted(_ repetition: Repetition) -> Value {
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

    private func sample(_ sample: Sample) -> Value {
        var object: [String: Value] = [
            "verdict": .string(sample.verdict.rawValue),
            "attempts": .integer(sample.attempts),
            "problem": sample.problem.map(diagnostic) ?? .null,
            "turns": .array(sample.turns.map(turn)),
        ]
        if sample.turns.contains(where: { !$0.ballots.isEmpty }) { object["judgeTokens"] = tokens(sample.judgeUsage) }
        return .object(object)
    }

    private func turn(_ turn: TurnResult) -> Value {
        let answer = turn.answer
        return [
            "input": .string(turn.input),
            "status": .string(answer.status.rawValue),
            "text": .string(answer.text),
            "hasMessage": .bool(answer.hasMessage),
            "error": text(answer.error),
            "latencyMs": .integer(answer.latency.milliseconds),
            "firstTokenMs": answer.timeToFirstToken.map { .integer($0.milliseconds) } ?? .null,
            "tokens": tokens(answer.usage),
            "steps": answer.steps.map { .integer($0) } ?? .null,
            "toolCalls": .array(answer.toolCalls.map(call)),
            "retrieved": answer.tellsSources ? .array(answer.retrieved.map(passage)) : .null,
            "cited": answer.tellsSources && answer.tellsCitations ? .array(answer.cited.map { .string($0) }) : .null,
            "fallback": text(answer.fallback),
            "pendingCalls": .array(answer.pendingCalls.map(call)),
            "captured": .object(turn.captured),
            "assertions": .array(turn.outcomes.map(assertion)),
        ]
    }

    private func call(_ call: Answer.ToolCall) -> Value {
        [
            "name": .string(call.name), "tool": .string(call.tool), "arguments": call.arguments,
            "result": text(call.result), "error": text(call.error),
        ]
    }

    private func passage(_ passage: Answer.Passage) -> Value {
        ["document": .string(passage.document), "score": passage.score.map { .number($0) } ?? .null]
    }

    private func assertion(_ outcome: AssertionOutcome) -> Value {
        var object: [String: Value] = [
            "name": .string(outcome.name), "claim": .string(outcome.claim), "place": place(outcome.range),
            "reason": .null, "expected": .null, "actual": .null,
        ]
        switch outcome.result {
        case .passed:
            object["result"] = "passed"
        case .failed(let mismatch):
            object["result"] = "failed"
            object["reason"] = .string(([mismatch.reason] + mismatch.notes.map(\.text)).joined(separator: " "))
            object["expected"] = text(mismatch.expected)
            object["actual"] = text(mismatch.actual)
        case .error(let reason):
            object["result"] = "error"
            object["reason"] = .string(reason)
        }
        if !outcome.ballots.isEmpty { object["judges"] = .array(outcome.ballots.map(ballot)) }
        return .object(object)
    }

    private func ballot(_ ballot: Ballot) -> Value {
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

    private func diagnostic(_ diagnostic: Diagnostic) -> Value {
        [
            "code": .string(diagnostic.code.name),
            "summary": .string(diagnostic.summary),
            "detail": .string(diagnostic.detail),
            "fix": text(diagnostic.fix),
            "place": diagnostic.subject.map(place) ?? .null,
        ]
    }

    private func tokens(_ usage: Answer.Usage?) -> Value {
        guard let usage else { return .null }
        return ["input": .integer(usage.input), "output": .integer(usage.output), "total": .integer(usage.total)]
    }

    private func text(_ text: String?) -> Value {
        text.map { .string($0) } ?? .null
    }

    private func place(_ range: SourceRange) -> Value {
        [
            "file": .string(sources[range.source].path),
            "line": .integer(Int(range.start.line)), "column": .integer(Int(range.start.column)),
            "endLine": .integer(Int(range.end.line)), "endColumn": .integer(Int(range.end.column)),
        ]
    }
}
