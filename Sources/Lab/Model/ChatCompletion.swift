import Language

/// One answer in the shapes of OpenAI's API, whole or as a stream of chunks.
struct ChatCompletion: Sendable {
    let id: String
    let model: String
    /// Seconds since 1970.
    let created: Int
    let act: Reply.Act
    let inputTokens: Int
    let outputTokens: Int

    init(_ reply: Reply, to request: ChatRequest, id: String, created: Int) {
        self.id = id
        self.created = created
        model = request.model
        act = reply.act
        inputTokens = reply.inputTokens ?? Self.tokens(in: request.messages.map(\.text))
        outputTokens = reply.outputTokens ?? Self.tokens(in: Self.texts(of: reply.act))
    }

    /// The body of an answer that is not streamed.
    var whole: Value {
        let message: Value =
            switch act {
            case .say(let text): ["role": "assistant", "content": .string(text)]
            case .refuse(let text): ["role": "assistant", "content": .null, "refusal": .string(text)]
            case .call(let calls):
                [
                    "role": "assistant", "content": .null,
                    "tool_calls": .array(calls.enumerated().map { toolCall($1, at: $0, indexed: false) }),
                ]
            case .fail: .null
            }
        let choice: Value = ["index": 0, "message": message, "finish_reason": .string(finishReason)]
        return object("chat.completion", choices: [choice], ["usage": usage])
    }

    /// The frames of a streamed answer, `[DONE]` included.
    func frames(withUsage: Bool) -> [String] {
        var chunks: [Value] = [chunk(["role": "assistant", "content": ""])]
        switch act {
        case .say(let text): chunks += Self.pieces(of: text).map { chunk(["content": .string($0)]) }
        case .refuse(let text): chunks += Self.pieces(of: text).map { chunk(["refusal": .string($0)]) }
        case .call(let calls):
            for (index, call) in calls.enumerated() {
                let arguments: Value = [
                    "index": .integer(index), "function": ["arguments": .string(call.arguments.canonicalJSON)],
                ]
                chunks.append(chunk(["tool_calls": [toolCall(call, at: index, indexed: true)]]))
                chunks.append(chunk(["tool_calls": [arguments]]))
            }
        case .fail: break
        }
        chunks.append(chunk([:], finish: .string(finishReason)))
        if withUsage { chunks.append(object("chat.completion.chunk", choices: [], ["usage": usage])) }
        return chunks.map { "data: \($0.canonicalJSON)\n\n" } + ["data: [DONE]\n\n"]
    }

    /// Three words at a time, as a model would stream them; joined, they are the text.
    static func pieces(of text: String) -> [String] {
        var pieces: [String] = []
        var piece = ""
        var words = 0
        for character in text {
            piece.append(character)
            guard character.isWhitespace else { continue }
            words += 1
            guard words % 3 == 0 else { continue }
            pieces.append(piece)
            piece = ""
        }
        return piece.isEmpty ? pieces : pieces + [piece]
    }

    private var finishReason: String {
        switch act {
        case .say, .refuse, .fail: "stop"
        case .call: "tool_calls"
        }
    }

    private var usage: Value {
        [
            "prompt_tokens": .integer(inputTokens), "completion_tokens": .integer(outputTokens),
            "total_tokens": .integer(inputTokens + outputTokens),
        ]
    }

    private func object(_ type: Value, choices: Value, _ more: [String: Value] = [:]) -> Value {
        let common: [String: Value] = [
            "id": .string(id), "object": type, "created": .integer(created), "model": .string(model),
            "choices": choices,
        ]
        return .object(common.merging(more) { first, _ in first })
    }

    private func chunk(_ delta: Value, finish: Value = .null) -> Value {
        object("chat.completion.chunk", choices: [["index": 0, "delta": delta, "finish_reason": finish]])
    }

    /// In a stream the name comes first and the arguments follow.
    private func toolCall(_ call: Reply.Call, at index: Int, indexed: Bool) -> Value {
        let arguments = call.arguments.canonicalJSON
        var fields: [String: Value] = [
            "id": .string("call_" + StableHash.hexadecimal("\(id) \(index) \(call.tool) \(arguments)")),
            "type": "function",
            "function": ["name": .string(call.tool), "arguments": .string(indexed ? "" : arguments)],
        ]
        if indexed { fields["index"] = .integer(index) }
        return .object(fields)
    }

    private static func tokens(in texts: [String]) -> Int {
        texts.reduce(0) { $0 + ($1.utf8.count + 3) / 4 }
    }

    private static func texts(of act: Reply.Act) -> [String] {
        switch act {
        case .say(let text), .refuse(let text): [text]
        case .call(let calls): calls.flatMap { [$0.tool, $0.arguments.canonicalJSON] }
        case .fail: []
        }
    }
}
