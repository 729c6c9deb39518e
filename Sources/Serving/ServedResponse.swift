import Language
import Runtime

/// The response object of one request, without its output: what is known of it from the beginning.
struct ServedResponse: Sendable {
    /// `resp_` and 32 hexadecimal digits.
    let id: String
    /// Seconds since 1970.
    let created: Int
    /// The name of the agent.
    let model: String
    var metadata: [String: Value] = [:]
    /// The id of the trace, for callers that want to know it.
    var trace: String?

    /// The object with the output so far.
    func value(_ status: String, output: [Value], _ more: [String: Value] = [:]) -> Value {
        var fields: [String: Value] = [
            "id": .string(id), "object": "response", "created_at": .integer(created), "status": .string(status),
            "model": .string(model), "output": .array(output), "parallel_tool_calls": true, "tool_choice": "auto",
            "tools": [],
        ]
        var metadata = metadata
        if let trace, status != "in_progress" { metadata["trace_id"] = .string(trace) }
        if !metadata.isEmpty { fields["metadata"] = .object(metadata) }
        return .object(fields.merging(more) { $1 })
    }

    /// The object of an answer.
    func value(of answer: Answer, output: [Value]) -> Value {
        var more: [String: Value] = [:]
        more["usage"] = answer.usage.map(Self.usage)
        if answer.status == .incomplete { more["incomplete_details"] = ["reason": .string(Self.reason(of: answer))] }
        let remarks = Self.remarks(on: answer)
        if !remarks.isEmpty { more["custom_outputs"] = .object(remarks) }
        return value(answer.status.rawValue, output: output, more)
    }

    /// What MLflow has no field for, and clients that do not know it leave alone: else nobody could tell an answer that cites
    /// nothing from one of a server that does not say what is cited.
    private static func remarks(on answer: Answer) -> [String: Value] {
        var remarks: [String: Value] = [:]
        // Why is in the log: it may tell of servers behind.
        if answer.fallback != nil {
            remarks["fallback"] = "Chat completions answered instead of an agent of the server."
        }
        if !answer.tellsSources { remarks["tells_sources"] = false }
        if !answer.tellsCitations { remarks["tells_citations"] = false }
        return remarks
    }

    /// The object of a request that went wrong after a part of its answer was told.
    func value(failed error: ServedError, output: [Value]) -> Value {
        value("failed", output: output, ["error": ["code": "server_error", "message": .string(error.message)]])
    }

    /// With the details that MLflow's clients require.
    private static func usage(_ usage: Answer.Usage) -> Value {
        [
            "input_tokens": .integer(usage.input),
            "input_tokens_details": ["cached_tokens": .integer(usage.cached)],
            "output_tokens": .integer(usage.output),
            "output_tokens_details": ["reasoning_tokens": .integer(usage.reasoning)],
            "total_tokens": .integer(usage.total),
        ]
    }

    /// Servers say it as a word, such as `max_output_tokens`, which chat completions call `length`; a sentence of theirs is
    /// not told.
    private static func reason(of answer: Answer) -> String {
        if answer.error == "length" { return "max_output_tokens" }
        guard let reason = answer.error, reason.wholeMatch(of: /[a-z][a-z_]{0,63}/) != nil else { return "incomplete" }
        return reason
    }
}
