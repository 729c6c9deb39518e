import Language

/// The fields of OpenAI's Responses API that a caller cannot use here: the agent's definition says what they would, or
/// nothing is stored that they could name.
enum RefusedFields {
    private struct Refusal {
        let field: String
        /// What it may be all the same, since it asks for nothing.
        let allowed: [Value]
        let reason: String
    }

    private static let refusals = [
        Refusal(field: "instructions", allowed: [], reason: "The instructions of the agent are its own."),
        Refusal(field: "previous_response_id", allowed: [], reason: stateless),
        Refusal(field: "conversation", allowed: [], reason: stateless),
        Refusal(field: "prompt", allowed: [], reason: "The prompt of the agent is its own."),
        Refusal(field: "store", allowed: [false], reason: "Storing responses is not yet supported."),
        Refusal(field: "background", allowed: [false], reason: "Answers in the background are not yet supported."),
        Refusal(field: "tool_choice", allowed: ["auto"], reason: "The agent chooses its tools."),
        Refusal(field: "parallel_tool_calls", allowed: [true], reason: "The agent chooses how it calls its tools."),
        Refusal(field: "max_tool_calls", allowed: [], reason: "The agent's definition limits its steps."),
        Refusal(field: "reasoning", allowed: [[:]], reason: "The agent's definition says how its model is asked."),
        Refusal(
            field: "text", allowed: [[:], ["format": ["type": "text"]]],
            reason: "The agent's definition says what its answers look like."),
        Refusal(field: "truncation", allowed: ["disabled"], reason: "Nothing is left out of what is said."),
        Refusal(field: "top_logprobs", allowed: [0], reason: "Probabilities of tokens are not told."),
    ]
    private static let names = Set(refusals.map(\.field) + ["include"])
    private static let stateless =
        "Stored responses are not yet supported: send what was said before as `input`."

    /// What answers hold anyway, or never.
    private static let includable: Set<Value> = ["file_search_call.results", "reasoning.encrypted_content"]

    static func check(_ fields: [String: Value]) throws(ServedError) {
        guard fields.keys.contains(where: names.contains) else { return }
        for refusal in refusals {
            guard let value = fields.present(refusal.field), !refusal.allowed.contains(value) else { continue }
            throw .unsupported("`\(refusal.field)` cannot be used. \(refusal.reason)", at: refusal.field)
        }
        guard let included = fields.present("include") else { return }
        guard let names = included.array else { throw .wrong("include", in: nil, "a list") }
        guard names.allSatisfy(includable.contains) else {
            throw .unsupported("`include` can name `file_search_call.results` only.", at: "include")
        }
    }
}
