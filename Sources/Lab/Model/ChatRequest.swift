import Language

/// A request to the scripted model: `POST /v1/chat/completions` of OpenAI's API; other fields are ignored.
struct ChatRequest: Sendable, Decodable {
    struct Message: Sendable, Decodable {
        let role: String
        /// Its text; several parts are joined by line breaks.
        let text: String
        let toolCalls: [ToolCall]
        let toolCallID: String?
    }

    struct ToolCall: Sendable, Codable, Hashable {
        struct Function: Sendable, Codable, Hashable {
            let name: String
            let arguments: String
        }
        let id: String
        let function: Function
    }

    struct Tool: Sendable, Decodable {
        struct Function: Sendable, Decodable {
            let name: String
            let parameters: Value?
        }
        let function: Function
    }

    struct StreamOptions: Sendable, Decodable {
        let include_usage: Bool?
    }

    let model: String
    let messages: [Message]
    let tools: [Tool]?
    /// `"none"`, `"auto"`, `"required"`, or the name of one function in a map.
    let tool_choice: Value?
    let response_format: Value?
    let stream: Bool?
    let stream_options: StreamOptions?
}

extension ChatRequest.Message {
    private enum CodingKeys: String, CodingKey {
        case role, content, tool_calls, tool_call_id
    }

    init(role: String, text: String, toolCalls: [ChatRequest.ToolCall] = []) {
        self.role = role
        self.text = text
        self.toolCalls = toolCalls
        toolCallID = nil
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        role = try fields.decode(String.self, forKey: .role)
        text = Self.text(of: try fields.decodeIfPresent(Value.self, forKey: .content) ?? .null)
        toolCalls = try fields.decodeIfPresent([ChatRequest.ToolCall].self, forKey: .tool_calls) ?? []
        toolCallID = try fields.decodeIfPresent(String.self, forKey: .tool_call_id)
    }

    private static func text(of content: Value) -> String {
        if let parts = content.array { return parts.compactMap { $0["text"]?.string }.joined(separator: "\n") }
        return content.string ?? ""
    }
}

/// The parts of a request that determine the answer.
struct Conversation: Sendable {
    /// The requested model.
    let model: String
    let system: String
    /// The last message of the user.
    let user: String
    /// All messages before that one, one per line.
    let history: String
    /// The results of the tools called since that message; empty when there are none.
    let results: [ToolResult]
    let offered: [ChatRequest.Tool.Function]
    /// A function that the client requires to be called.
    let wanted: String?
    let format: Value?

    init(_ request: ChatRequest) {
        let messages = GuardPrompt.messages(of: request) ?? ToldPrompt.unfolded(request.messages)
        let last = messages.lastIndex { $0.role == "user" } ?? messages.startIndex
        model = request.model
        system = messages.filter { ["system", "developer"].contains($0.role) }.map(\.text).joined(separator: "\n")
        user = messages.indices.contains(last) ? messages[last].text : ""
        history = messages.prefix(last).filter { ["user", "assistant"].contains($0.role) }.map(\.text)
            .joined(separator: "\n")
        results = Self.results(in: messages)
        offered = request.tool_choice?.string == "none" ? [] : (request.tools ?? []).map(\.function)
        wanted = request.tool_choice?["function"]?["name"]?.string
        format = request.response_format
    }

    /// The tool messages at the end of the conversation, with the names of the tools. Agents of Llama Stack 0.2 omit
    /// the id of the call, as what is told of calls does: then the messages answer the last calls, in order.
    private static func results(in messages: [ChatRequest.Message]) -> [ToolResult] {
        let calls = messages.flatMap(\.toolCalls)
        let last = messages.last { !$0.toolCalls.isEmpty }?.toolCalls ?? []
        let ending = messages.reversed().prefix { $0.role == "tool" }.reversed()
        return ending.enumerated().map { index, message in
            let call = message.toolCallID.map { id in calls.last { $0.id == id } } ?? last.dropFirst(index).first
            return ToolResult(tool: call?.function.name ?? "", raw: message.text)
        }
    }
}
