import Language
import Runtime
import Suites

/// The cases, which are most of a report, are written member by member.
extension ResultValues {
    /// - Parameter comparison: With the baseline; nil without one.
    func write(
        _ result: CaseResult, _ tally: CaseTally, _ comparison: CaseComparison?, to json: inout JSONWriter
    ) {
        json.object { json in
            json.member("baseline", comparison.map(compared) ?? .null)
            json.member("decides", result.decides)
            json.member("id", result.id.description)
            json.member("interval", interval(tally.statistics.interval))
            json.member("labels", .object(result.labels.mapValues { .string($0) }))
            json.member("latencyMs", result.latency.map { .integer($0.milliseconds) } ?? .null)
            json.member("name", result.name)
            json.member("notRun", result.notRun.map(diagnostic) ?? .null)
            json.member("place") { write(place: result.range, to: &$0) }
            json.member("quarantine", result.quarantine.map(quarantine) ?? .null)
            json.member("samples", result.samples) { write($0, to: &$1) }
            json.member("toKnowMore", text(tally.statistics.toKnowMore))
            json.member("tokens", tokens(result.usage))
            json.member("verdict", result.verdict.rawValue)
            json.member("wanted", wanted(result.repetition))
        }
    }

    private func quarantine(_ quarantine: Quarantine) -> Value {
        ["until": .string(quarantine.until.description), "reason": .string(quarantine.reason)]
    }

    private func write(_ sample: Sample, to json: inout JSONWriter) {
        json.object { json in
            json.member("attempts", sample.attempts)
            if sample.turns.contains(where: { !$0.ballots.isEmpty }) {
                json.member("judgeTokens", tokens(sample.judgeUsage))
            }
            json.member("problem", sample.problem.map(diagnostic) ?? .null)
            json.member("turns", sample.turns) { write($0, to: &$1) }
            json.member("verdict", sample.verdict.rawValue)
        }
    }

    private func write(_ turn: TurnResult, to json: inout JSONWriter) {
        let answer = turn.answer
        json.object { json in
            json.member("assertions", turn.outcomes) { write($0, to: &$1) }
            json.member("captured", .object(turn.captured))
            let isCited = answer.tellsSources && answer.tellsCitations
            json.member("cited", isCited ? .array(answer.cited.map { .string($0) }) : .null)
            json.member("error", text(answer.error))
            json.member("fallback", text(answer.fallback))
            json.member("firstTokenMs", answer.timeToFirstToken.map { .integer($0.milliseconds) } ?? .null)
            json.member("hasMessage", answer.hasMessage)
            json.member("input", turn.input)
            json.member("latencyMs", answer.latency.milliseconds)
            json.member("pendingCalls", .array(answer.pendingCalls.map(call)))
            json.member("retrieved", answer.tellsSources ? .array(answer.retrieved.map(passage)) : .null)
            json.member("status", answer.status.rawValue)
            json.member("steps", answer.steps.map { .integer($0) } ?? .null)
            json.member("text", answer.text)
            json.member("tokens", tokens(answer.usage))
            json.member("toolCalls", .array(answer.toolCalls.map(call)))
        }
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

    private func write(_ outcome: AssertionOutcome, to json: inout JSONWriter) {
        let mismatch = outcome.result.mismatch
        json.object { json in
            json.member("actual", text(mismatch?.actual))
            json.member("claim", outcome.claim)
            json.member("expected", text(mismatch?.expected))
            if !outcome.ballots.isEmpty { json.member("judges", .array(outcome.ballots.map(ballot))) }
            json.member("name", outcome.name)
            json.member("place") { write(place: outcome.range, to: &$0) }
            json.member("reason", text(outcome.result.reason))
            json.member("result", outcome.result.name)
        }
    }

    private func write(place range: SourceRange, to json: inout JSONWriter) {
        json.object { json in
            json.member("column", Int(range.start.column))
            json.member("endColumn", Int(range.end.column))
            json.member("endLine", Int(range.end.line))
            json.member("file", sources[range.source].path)
            json.member("line", Int(range.start.line))
        }
    }
}

extension AssertionOutcome.Result {
    fileprivate var name: String {
        switch self {
        case .passed: "passed"
        case .failed: "failed"
        case .error: "error"
        }
    }

    fileprivate var mismatch: Mismatch? {
        switch self {
        case .failed(let mismatch): mismatch
        case .passed, .error: nil
        }
    }

    fileprivate var reason: String? {
        switch self {
        case .passed: nil
        case .failed(let mismatch): ([mismatch.reason] + mismatch.notes.map(\.text)).joined(separator: " ")
        case .error(let reason): reason
        }
    }
}
