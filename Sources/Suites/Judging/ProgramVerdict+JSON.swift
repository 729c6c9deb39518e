import Language
import Runtime

extension ProgramVerdict {
    /// Reads what a program wrote: one JSON object with `pass`, and perhaps `reason` and `score`.
    /// - Throws: `FunctionFailure` when it is something else.
    init(output: String) throws(FunctionFailure) {
        guard let fields = output.json?.object else {
            throw FunctionFailure("\(QuotedReply.words(output)), and not one JSON object such as `{\"pass\": true}`")
        }
        // Which of the two is meant, nobody knows.
        if let key = Value.repeatedKey(inJSON: output.utf8) { throw FunctionFailure("its verdict has `\(key)` twice") }
        guard case .bool(let passes)? = fields["pass"] else {
            throw FunctionFailure("its verdict has no `pass` that is true or false")
        }
        if let reason = fields["reason"], reason != .null, reason.string == nil {
            throw FunctionFailure("the `reason` of its verdict is no text")
        }
        if let score = fields["score"], score != .null, score.double == nil {
            throw FunctionFailure("the `score` of its verdict is no number")
        }
        self.init(passes: passes, reason: fields["reason"]?.string, score: fields["score"]?.double)
    }
}

extension JudgedTurn {
    /// What a program that judges reads:
    ///
    ///     {"question": "…", "answer": "…", "status": "completed", "earlier": [{"question": "…", "answer": "…"}],
    ///      "toolCalls": [{"name": "…", "arguments": {}, "result": "…", "error": null}],
    ///      "retrieved": [{"document": "…", "score": 0.9, "text": "…"}], "cited": ["…"], "latencyMs": 120,
    ///      "tokens": {"input": 10, "output": 5, "total": 15}}
    ///
    /// What the server does not tell is null.
    var programInput: Value {
        [
            "question": question.map { .string($0) } ?? .null,
            "answer": .string(answer.text), "status": .string(answer.status.rawValue),
            "earlier": .array(earlier.map { ["question": .string($0.question), "answer": .string($0.answer)] }),
            "toolCalls": .array(answer.toolCalls.map(Self.call)),
            "retrieved": answer.tellsSources ? .array(answer.retrieved.map(Self.passage)) : .null,
            "cited": answer.tellsSources && answer.tellsCitations ? .array(answer.cited.map { .string($0) }) : .null,
            "latencyMs": .integer(answer.latency.milliseconds),
            "tokens": answer.usage.map {
                ["input": .integer($0.input), "output": .integer($0.output), "total": .integer($0.total)]
            } ?? .null,
        ]
    }

    private static func call(_ call: Answer.ToolCall) -> Value {
        [
            "name": .string(call.name), "tool": .string(call.tool), "arguments": call.arguments,
            "result": call.result.map { .string($0) } ?? .null, "error": call.error.map { .string($0) } ?? .null,
        ]
    }

    private static func passage(_ passage: Answer.Passage) -> Value {
        [
            "document": .string(passage.document), "score": passage.score.map { .number($0) } ?? .null,
            "text": passage.text.map { .string($0) } ?? .null,
        ]
    }
}
