import Language

/// One response of a fake OGX while it is made: the frames are those that OGX 1.5.0 sends, in its order.
struct OGXRun {
    let id: String
    let input: String
    private(set) var text = ""
    var frames: [Value] = []
    private let body: [String: Value]
    private var output: [Value] = []
    private var steps = 0

    init(id: String, body: [String: Value]) {
        self.id = id
        self.body = body
        input = body["input"]?.string ?? ""
        emit("response.created", ["response": whole("in_progress")])
        emit("response.in_progress", ["response": whole("in_progress")])
    }

    /// Ends with an error frame.
    mutating func fail(_ code: Int, _ message: String) {
        emit("error", ["code": .string(String(code)), "message": .string(message), "param": .null])
    }

    mutating func answer(
        history: [String], model: FakeModel, servers: [String: [FakeTool]], search: (String, Value) -> [Value]
    ) {
        var offered: [(name: String, tool: Value, run: FakeTool?)] = []
        for tool in body["tools"]?.array ?? [] {
            guard tool["type"] == "mcp" else {
                offered.append(("file_search", tool, nil))
                continue
            }
            guard let tools = list(tool, servers) else {
                emit("error", ["code": "server_error", "message": .string(Self.unexpected), "param": .null])
                return
            }
            offered += tools.map { ($0.name, tool, $0) }
        }
        var results: [String] = []
        for _ in 0..<(body["max_infer_iters"]?.integer ?? 10) {
            steps += 1
            let question = FakeQuestion(
                instructions: body["instructions"]?.string ?? "", history: history, input: input,
                tools: offered.map(\.name), results: results
            )
            switch model(question) {
            case .say(let text):
                say(text)
                emit("response.completed", ["response": whole("completed")])
                return
            case .call(let name, let arguments):
                guard let choice = offered.first(where: { $0.name == name }) else {
                    emit("response.failed", ["response": whole("failed", error: "No tool \(name)")])
                    return
                }
                results.append(
                    choice.run.map { call($0, of: choice.tool, arguments) }
                        ?? searchFiles(arguments, choice.tool, search)
                )
            }
        }
        emit("response.incomplete", ["response": whole("incomplete", reason: "max_iterations_exceeded")])
    }

    private static let unexpected = "Internal server error: An unexpected error occurred."

    private mutating func list(_ tool: Value, _ servers: [String: [FakeTool]]) -> [FakeTool]? {
        emit("response.mcp_list_tools.in_progress", [:])
        guard let all = servers[tool["server_url"]?.string ?? ""] else { return nil }
        let allowed = tool["allowed_tools"]?.array
        let tools = all.filter { allowed?.contains(.string($0.name)) ?? true }
        var item: [String: Value] = [
            "id": "mcp_list_1", "type": "mcp_list_tools", "server_label": tool["server_label"] ?? "", "tools": [],
        ]
        emit("response.output_item.added", ["item": .object(item)])
        emit("response.mcp_list_tools.completed", [:])
        item["tools"] = .array(tools.map { ["name": .string($0.name), "input_schema": ["type": "object"]] })
        finish(item)
        return tools
    }

    private mutating func call(_ tool: FakeTool, of server: Value, _ arguments: Value) -> String {
        begin(arguments, done: "response.mcp_call.arguments.done")
        var item: [String: Value] = [
            "id": "fc_1", "type": "mcp_call", "arguments": "", "name": .string(tool.name),
            "server_label": server["server_label"] ?? "", "error": .null, "output": .null,
        ]
        emit("response.output_item.added", ["item": .object(item)])
        emit("response.mcp_call.in_progress", [:])
        item["arguments"] = .string(arguments.canonicalJSON)
        let result: String
        do {
            result = try tool.run(arguments)
            item["output"] = .string(result)
            emit("response.mcp_call.completed", [:])
        } catch {
            result = "Error executing tool \(tool.name)"
            item["error"] = "Error (code 1): None"
            emit("response.mcp_call.failed", [:])
        }
        finish(item)
        return result
    }

    private mutating func searchFiles(
        _ arguments: Value, _ tool: Value, _ search: (String, Value) -> [Value]
    ) -> String {
        begin(arguments, done: "response.function_call_arguments.done")
        let query = arguments["query"]?.string ?? ""
        var item: [String: Value] = [
            "id": "fc_1", "type": "file_search_call", "queries": [.string(arguments.canonicalJSON)],
            "status": "in_progress", "results": .null,
        ]
        emit("response.output_item.added", ["item": .object(item)])
        for state in ["in_progress", "searching", "completed"] { emit("response.file_search_call.\(state)", [:]) }
        let passages = search(query, tool)
        item["queries"] = [.string(query)]
        item["status"] = "completed"
        item["results"] = .array(passages)
        finish(item)
        return passages.compactMap { $0["text"]?.string }.joined(separator: "\n")
    }

    /// OGX cites the best passage when the model cites none.
    private var annotations: Value {
        let passages = output.flatMap { $0["results"]?.array ?? [] }
        guard let name = passages.first?["attributes"]?["filename"] else { return [] }
        return [["type": "file_citation", "filename": name, "index": .integer(text.count)]]
    }

    private mutating func say(_ text: String) {
        self.text = text
        var item: [String: Value] = [
            "id": "msg_1", "type": "message", "role": "assistant", "content": [], "status": "in_progress",
        ]
        emit("response.output_item.added", ["item": .object(item)])
        emit("response.content_part.added", [:])
        for word in text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            emit("response.output_text.delta", ["delta": .string((word.offset > 0 ? " " : "") + word.element)])
        }
        emit("response.content_part.done", [:])
        item["content"] = [["type": "output_text", "text": .string(text), "annotations": annotations]]
        item["status"] = "completed"
        finish(item)
    }

    private mutating func begin(_ arguments: Value, done: String) {
        emit("response.function_call_arguments.delta", ["delta": .string(arguments.canonicalJSON)])
        emit(done, ["arguments": .string(arguments.canonicalJSON)])
    }

    private mutating func finish(_ item: [String: Value]) {
        output.append(.object(item))
        emit("response.output_item.done", ["item": .object(item)])
    }

    private mutating func emit(_ type: String, _ fields: [String: Value]) {
        frames.append(
            .object(
                fields.merging([
                    "type": .string(type), "sequence_number": .integer(frames.count),
                ]) { $1 }))
    }

    private func whole(_ status: String, error: String? = nil, reason: String? = nil) -> Value {
        [
            "id": .string(id), "object": "response", "status": .string(status), "model": body["model"] ?? "",
            "output": .array(output), "store": body["store"] ?? true,
            "previous_response_id": body["previous_response_id"] ?? .null,
            "error": error.map { ["code": "server_error", "message": .string($0)] } ?? .null,
            "incomplete_details": reason.map { ["reason": .string($0)] } ?? .null,
            "usage": steps == 0
                ? .null : ["input_tokens": .integer(10 * steps), "output_tokens": .integer(5 * steps)],
        ]
    }
}
