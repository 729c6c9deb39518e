import Language
import Runtime

/// The output items of an answer, and the frames of its stream, made from the events of its runtime. Pure.
struct ServedItems {
    /// How calls are told that were carried out on this side.
    enum Dialect: Sendable {
        /// As `function_call` and `function_call_output`: MLflow has no other item for them.
        case mlflow
        /// As `mcp_call`, which clients of OpenAI's API take for what it is; of a `function_call` they believe that they have
        /// to carry it out.
        case openAI
    }

    private struct Message {
        let id: String
        let index: Int
        var text = ""
    }

    private(set) var output: [Value] = []
    private let response: ServedResponse
    private let agent: AgentDefinition
    private let dialect: Dialect
    private var open: Message?
    private var sequence = 0
    /// Where in the output the searches are, and what each found, as text.
    private var searches: [(index: Int, found: String)] = []

    init(_ response: ServedResponse, of agent: AgentDefinition, _ dialect: Dialect) {
        self.response = response
        self.agent = agent
        self.dialect = dialect
    }

    /// The frames before the first event.
    mutating func begin() -> [Value] {
        let begun = response.value("in_progress", output: [])
        return [
            frame("response.created", ["response": begun]), frame("response.in_progress", ["response": begun]),
        ]
    }

    /// The frames of an event; `finished` has none, since the answer is taken by `finish`.
    mutating func take(_ event: AgentEvent) -> [Value] {
        switch event {
        case .text(let piece): speak(piece)
        case .toolStarted: close()
        case .toolFinished(let call): close() + tell(call)
        case .delegated, .finished: []
        }
    }

    /// The last frames, and the whole response.
    mutating func finish(with answer: Answer) -> (frames: [Value], whole: Value) {
        var frames: [Value] = []
        // A refusal may not have been streamed.
        if open == nil, answer.hasMessage, !output.contains(where: { $0["type"] == "message" }) {
            frames += speak(answer.text)
        }
        frames += close(answer)
        for call in answer.pendingCalls { frames += add(pending(call)) }
        fillSearches(with: answer.retrieved)
        let whole = response.value(of: answer, output: output)
        return (frames + [frame("response.\(answer.status.rawValue)", ["response": whole])], whole)
    }

    /// The last frames of an answer that goes wrong.
    mutating func fail(because error: ServedError) -> [Value] {
        let frames = close()
        return frames + [frame("response.failed", ["response": response.value(failed: error, output: output)])]
    }
}

extension ServedItems {
    private mutating func speak(_ piece: String) -> [Value] {
        var frames: [Value] = []
        var piece = piece[...]
        if open == nil {
            // Between two messages of one answer there is a line end, which is a part of neither.
            if output.contains(where: { $0["type"] == "message" }), piece.first == "\n" { piece = piece.dropFirst() }
            let message = Message(id: newID("msg"), index: output.count)
            open = message
            let item: Value = [
                "id": .string(message.id), "type": "message", "role": "assistant", "status": "in_progress",
                "content": [],
            ]
            frames.append(frame("response.output_item.added", ["output_index": .integer(message.index), "item": item]))
            frames.append(part("response.content_part.added", of: message, Self.text("", [])))
        }
        guard var message = open, !piece.isEmpty else { return frames }
        message.text += piece
        open = message
        return frames + [content("response.output_text.delta", of: message, ["delta": .string(String(piece))])]
    }

    /// Ends the message that is being said.
    /// - Parameter answer: Of which it is the last part; nil when more follows.
    private mutating func close(_ answer: Answer? = nil) -> [Value] {
        guard let message = open else { return [] }
        open = nil
        let cited = (answer?.cited ?? []).map { document -> Value in
            [
                "type": "file_citation", "file_id": .string(document), "filename": .string(document),
                "index": .integer(message.text.unicodeScalars.count),
            ]
        }
        let said: Value =
            answer?.refuses == true
            ? ["type": "refusal", "refusal": .string(message.text)] : Self.text(message.text, cited)
        let item: Value = [
            "id": .string(message.id), "type": "message", "role": "assistant", "status": "completed", "content": [said],
        ]
        output.append(item)
        return [
            content("response.output_text.done", of: message, ["text": .string(message.text)]),
            part("response.content_part.done", of: message, said),
            frame("response.output_item.done", ["output_index": .integer(message.index), "item": item]),
        ]
    }

    private static func text(_ text: String, _ annotations: [Value]) -> Value {
        ["type": "output_text", "text": .string(text), "annotations": .array(annotations)]
    }

    private mutating func part(_ type: String, of message: Message, _ part: Value) -> Value {
        frame(type, place(of: message).merging(["part": part]) { $1 })
    }

    private mutating func content(_ type: String, of message: Message, _ fields: [String: Value]) -> Value {
        frame(type, place(of: message).merging(["logprobs": []]) { $1 }.merging(fields) { $1 })
    }

    private func place(of message: Message) -> [String: Value] {
        ["item_id": .string(message.id), "output_index": .integer(message.index), "content_index": 0]
    }

    private mutating func frame(_ type: String, _ fields: [String: Value]) -> Value {
        defer { sequence += 1 }
        return .object(fields.merging(["type": .string(type), "sequence_number": .integer(sequence)]) { $1 })
    }

    /// Ids of items are counted within the response's own.
    private func newID(_ prefix: String) -> String {
        "\(prefix)_\(response.id.dropFirst(5))\(output.count)"
    }
}

extension ServedItems {
    /// The items of a call that was carried out.
    private mutating func tell(_ call: Answer.ToolCall) -> [Value] {
        let tool = agent.tools.first { $0.name == call.tool }
        if tool?.fileSearch != nil {
            searches.append((output.count, call.result ?? ""))
            return add([
                "type": "file_search_call", "id": .string(newID("fs")), "queries": .array(Self.queries(of: call)),
                "status": call.error == nil ? "completed" : "failed", "results": [],
            ])
        }
        if tool?.builtin != nil {
            return add(["type": "web_search_call", "id": .string(newID("ws")), "status": "completed"])
        }
        let arguments = Value.string(call.arguments.interpolated)
        switch dialect {
        case .openAI:
            return add([
                "type": "mcp_call", "id": .string(newID("mcp")), "server_label": .string(call.tool),
                "name": .string(call.name), "arguments": arguments, "output": call.result.map(Value.string) ?? .null,
                "error": call.error.map(Value.string) ?? .null, "status": call.error == nil ? "completed" : "failed",
            ])
        case .mlflow:
            let id = Value.string(newID("call"))
            return add([
                "type": "function_call", "id": id, "call_id": id, "name": .string(call.name), "arguments": arguments,
                "status": "completed",
            ])
                + add([
                    "type": "function_call_output", "call_id": id, "output": .string(call.error ?? call.result ?? ""),
                    "status": call.error == nil ? "completed" : "incomplete",
                ])
        }
    }

    private static func queries(of call: Answer.ToolCall) -> [Value] {
        call.arguments["queries"]?.array ?? [call.arguments["query"] ?? .string(call.arguments.interpolated)]
    }

    /// A call that the caller has to carry out.
    private func pending(_ call: Answer.ToolCall) -> Value {
        let id = Value.string(call.id ?? newID("call"))
        return [
            "type": "function_call", "id": .string(newID("fc")), "call_id": id, "name": .string(call.name),
            "arguments": .string(call.arguments.interpolated), "status": "completed",
        ]
    }

    private mutating func add(_ item: Value) -> [Value] {
        let index = Value.integer(output.count)
        output.append(item)
        return [
            frame("response.output_item.added", ["output_index": index, "item": item]),
            frame("response.output_item.done", ["output_index": index, "item": item]),
        ]
    }

    /// What a search found is known at the end only. A passage belongs to the first search that tells its text, else to the
    /// last one.
    private mutating func fillSearches(with passages: [Answer.Passage]) {
        guard let last = searches.last else { return }
        for passage in passages {
            let text = passage.text ?? ""
            let search = searches.first { !text.isEmpty && $0.found.contains(text) } ?? last
            var item = output[search.index].object ?? [:]
            item["results"] = .array((item["results"]?.array ?? []) + [Self.result(passage)])
            output[search.index] = .object(item)
        }
    }

    private static func result(_ passage: Answer.Passage) -> Value {
        [
            "file_id": .string(passage.document), "filename": .string(passage.document),
            "score": passage.score.map(Value.number) ?? .null, "text": .string(passage.text ?? ""),
            "attributes": ["filename": .string(passage.document)],
        ]
    }
}
