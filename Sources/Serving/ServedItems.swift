import Language
import NIOCore
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

    struct Message {
        let id: String
        let index: Int
        var text = ""
        /// Whether its text is too long to be kept.
        var isLong = false
        /// Whether what is said next belongs to another one.
        var isOver = false
        /// Whether the server has said that it was cut off.
        var isCut = false
    }

    private(set) var output: [Value] = []
    let response: ServedResponse
    /// nil where the answer is not streamed.
    private(set) var frames: ServedFrames?
    private(set) var open: Message?
    private(set) var repeated = RepeatedMessages()
    private let agent: AgentDefinition
    private let dialect: Dialect
    /// Where in the output the searches are, and what each found, as text.
    private var searches: [(index: Int, found: String)] = []

    init(_ response: ServedResponse, of agent: AgentDefinition, _ dialect: Dialect, isStreamed: Bool) {
        self.response = response
        self.agent = agent
        self.dialect = dialect
        frames = isStreamed ? ServedFrames() : nil
    }

    /// The frames that were made since the last time, as they are sent.
    mutating func drain() -> ByteBuffer {
        frames?.drain() ?? ByteBuffer()
    }

    /// Makes the frames before the first event.
    mutating func begin() {
        frames?.add(["response.created", "response.in_progress"], response: response.value("in_progress", output: []))
    }

    /// Makes the frames of an event; `finished` has none, since the answer is taken by `finish`.
    mutating func take(_ event: AgentEvent) {
        switch event {
        case .text(let piece): if !piece.isEmpty { speak(piece) }
        case .again(let repetition): take(repetition)
        case .toolStarted: close()
        case .toolFinished(let call):
            close()
            tell(call)
        case .delegated, .finished: break
        }
    }

    /// Makes the last frames.
    /// - Returns: The whole response; the texts that were too long to be kept are not in it.
    @discardableResult
    mutating func finish(with answer: Answer) -> Value {
        // A refusal may not have been streamed.
        if open == nil, answer.hasMessage, !output.contains(where: { $0["type"] == "message" }) { speak(answer.text) }
        close(answer, isCut: answer.status != .completed)
        if answer.status != .completed { cutLast() }
        for call in answer.pendingCalls { add(pending(call)) }
        fillSearches(with: answer.retrieved)
        let whole = response.value(of: answer, output: output)
        end("response.\(answer.status.rawValue)", whole, citing: answer.cited)
        return whole
    }

    /// Where texts are repeated, how the answer ends is known only after its last message has ended.
    private mutating func cutLast() {
        guard var item = output.last?.object, item["type"] == "message" else { return }
        item["status"] = "incomplete"
        output[output.count - 1] = .object(item)
        repeated.cut(ifAt: output.count - 1)
    }

    /// Makes the last frames of an answer that goes wrong.
    mutating func fail(because error: ServedError) {
        close(isCut: true)
        repeated.cut()
        end("response.failed", response.value(failed: error, output: output))
    }

    /// Adds something behind the last frame.
    mutating func add(untyped value: Value) {
        frames?.add(untyped: value)
    }

    private mutating func end(_ type: String, _ whole: Value, citing cited: [String] = []) {
        guard repeated.isAny else {
            frames?.add([type], response: whole)
            return
        }
        guard repeated.isComplete || type == "response.failed" else { return fail(because: .unrepeated) }
        frames?.write(end: &repeated, type, whole, output, Self.citations(of: cited, at: 0))
    }
}

extension ServedItems {
    private mutating func speak(_ piece: String) {
        var piece = piece[...]
        if open?.isOver == true { close() }
        if open == nil {
            // Between two messages of one answer there is a line end, which is a part of neither.
            if output.contains(where: { $0["type"] == "message" }), piece.first == "\n" { piece = piece.dropFirst() }
            let message = Message(id: newID("msg"), index: output.count)
            open = message
            let item: Value = [
                "id": .string(message.id), "type": "message", "role": "assistant", "status": "in_progress",
                "content": [],
            ]
            frames?.add("response.output_item.added", item: item, at: message.index)
            frames?.add(
                "response.content_part.added", part: Self.text("", []), of: message.id, at: message.index)
        }
        // Without a copy of the message: each piece would copy its whole text.
        guard !piece.isEmpty, let (id, index, isLong) = open.map({ ($0.id, $0.index, $0.isLong) }) else { return }
        if !isLong { open?.text += piece }
        frames?.add(delta: String(piece), of: id, at: index)
    }

    private mutating func take(_ repetition: MessageRepetition) {
        switch repetition {
        case .awaited:
            open?.isLong = true
            open?.text = ""
        case .ended(let isCut):
            open?.isOver = true
            open?.isCut = isCut
        case .item(let text):
            guard let message = open, message.isLong else { return }
            frames?.write(text, of: message, &repeated)
        case .response(let number, let text):
            close()
            frames?.write(text, ofMessage: number, &repeated, output)
        }
    }

    /// Ends the message that is being said.
    /// - Parameters:
    ///   - answer: Of which it is the last part; nil when more follows.
    ///   - isCut: Whether more would have been said.
    private mutating func close(_ answer: Answer? = nil, isCut: Bool = false) {
        guard let message = open else { return }
        open = nil
        guard !message.isLong else {
            frames?.end(message, isCut: isCut || message.isCut, &repeated)
            return output.append(RepeatedMessages.item(of: message))
        }
        let cited = Self.citations(of: answer?.cited ?? [], at: message.text.unicodeScalars.count)
        let said: Value =
            answer?.refuses == true
            ? ["type": "refusal", "refusal": .string(message.text)] : Self.text(message.text, cited)
        let item: Value = [
            "id": .string(message.id), "type": "message", "role": "assistant",
            "status": isCut || message.isCut ? "incomplete" : "completed", "content": [said],
        ]
        output.append(item)
        frames?.add(text: message.text, of: message.id, at: message.index)
        frames?.add("response.content_part.done", part: said, of: message.id, at: message.index)
        frames?.add("response.output_item.done", item: item, at: message.index)
    }

    private static func citations(of documents: [String], at place: Int) -> [Value] {
        documents.map { document in
            [
                "type": "file_citation", "file_id": .string(document), "filename": .string(document),
                "index": .integer(place),
            ]
        }
    }

    private static func text(_ text: String, _ annotations: [Value]) -> Value {
        ["type": "output_text", "text": .string(text), "annotations": .array(annotations)]
    }

    /// Ids of items are counted within the response's own.
    private func newID(_ prefix: String) -> String {
        "\(prefix)_\(response.id.dropFirst(5))\(output.count)"
    }
}

extension ServedItems {
    /// The items of a call that was carried out.
    private mutating func tell(_ call: Answer.ToolCall) {
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
        // What was carried out here failed in words of this side: of its programs, and of servers that are none of the
        // caller's business. The trace has them.
        let isOurs = tool?.function != nil || tool?.agent != nil
        let error = call.error.map { isOurs ? "The tool failed." : $0 }
        switch dialect {
        case .openAI:
            add([
                "type": "mcp_call", "id": .string(newID("mcp")), "server_label": .string(call.tool),
                "name": .string(call.name), "arguments": arguments, "output": call.result.map(Value.string) ?? .null,
                "error": error.map(Value.string) ?? .null, "status": call.error == nil ? "completed" : "failed",
            ])
        case .mlflow:
            let id = Value.string(newID("call"))
            add([
                "type": "function_call", "id": id, "call_id": id, "name": .string(call.name), "arguments": arguments,
                "status": "completed",
            ])
            add([
                "type": "function_call_output", "call_id": id, "output": .string(error ?? call.result ?? ""),
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

    private mutating func add(_ item: Value) {
        let index = output.count
        output.append(item)
        frames?.add("response.output_item.added", item: item, at: index)
        frames?.add("response.output_item.done", item: item, at: index)
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
