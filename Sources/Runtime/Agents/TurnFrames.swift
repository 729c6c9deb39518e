import Language

/// The shapes of a turn's stream, as far as they are used (Llama Stack 0.2.24 and 0.3.5).
enum TurnFrame {
    struct Frame: Decodable {
        struct Event: Decodable {
            let payload: Payload
        }

        let event: Event?
        let error: ErrorBody?
    }

    struct ErrorBody: Decodable {
        let message: String?
    }

    struct Payload: Decodable {
        let event_type: String
        let step_type: String?
        let delta: Delta?
        let step_details: Step?
        let turn: Turn?
    }

    /// A delta of a step; of `tool_call` only the complete one counts: 0.3 sends pieces of text before it.
    struct Delta: Decodable {
        let type: String
        let text: String?
        let tool_call: ToolCall?

        private enum CodingKeys: CodingKey {
            case type, text, tool_call
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            type = try fields.decode(String.self, forKey: .type)
            text = try fields.decodeIfPresent(String.self, forKey: .text)
            let call = try fields.decodeIfPresent(Value.self, forKey: .tool_call)
            tool_call = call?.object == nil ? nil : try call?.decoded()
        }
    }

    struct ToolCall: Decodable {
        let call_id: String
        let tool_name: String
        /// An object on 0.2, JSON text on 0.3.
        let arguments: Value?

        /// As JSON text.
        var argumentsText: String {
            arguments.map { $0.string ?? $0.canonicalJSON } ?? ""
        }
    }

    struct Step: Decodable {
        let tool_calls: [ToolCall]?
        let tool_responses: [ToolResponse]?
        /// What a shield objects to; null when nothing.
        let violation: Value?
    }

    struct ToolResponse: Decodable {
        /// Of a search: parallel lists, best first.
        struct Metadata: Decodable {
            let document_ids: [String]?
            let chunks: [String]?
            let scores: [Double]?
        }

        let call_id: String
        let tool_name: String
        let content: Value?
        let metadata: Metadata?
    }

    struct Turn: Decodable {
        struct Message: Decodable {
            let content: Value?
            let stop_reason: String?
            let tool_calls: [ToolCall]?
        }

        let turn_id: String
        let output_message: Message
    }

    static func decode(_ text: String) throws -> Frame {
        try Value(json: text.utf8).decoded()
    }

    /// The text of a message's content: text, or a list of items of which some are text.
    static func text(of content: Value?) -> String {
        if let text = content?.string { return text }
        let items = content?.array ?? content.map { [$0] } ?? []
        return items.compactMap { $0.string ?? $0["text"]?.string }.joined()
    }
}
