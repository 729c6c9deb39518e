import Language

/// The shapes of what an agent behind `/invocations` answers (MLflow 3.5 to 3.18), as far as they are used.
enum InvocationFrame {
    /// One event of its stream; a frame without a type tells an error, or the id of the trace.
    struct Event: Decodable {
        let type: String?
        let delta: String?
        /// Of the message that a delta belongs to.
        let item_id: String?
        let item: Value?
        let response: Response?
        let custom_outputs: CustomOutputs?
        /// Text from AgentServer, an object from others.
        let error: Value?
        let code: Value?
        let message: String?
    }

    /// The whole answer.
    struct Response: Decodable {
        let id: String?
        let status: String?
        /// As they came, for they are sent back with the next question; nil in an answer that is none of an agent's.
        let output: [Value]?
        let usage: ResponsesFrame.Response.Usage?
        let error: ResponsesFrame.ErrorBody?
        let incomplete_details: ResponsesFrame.Response.Incompleteness?
        let custom_outputs: CustomOutputs?
    }

    struct CustomOutputs: Decodable {
        /// Why chat completions answered.
        let fallback: Value?
        /// `false` where the server behind does not report what was found, or cited: so `drover serve` says it.
        let tells_sources: Value?
        let tells_citations: Value?
    }

    static func decode<T: Decodable>(_ text: String, as type: T.Type = T.self) throws -> T {
        try Value(json: text.utf8).decoded()
    }
}
