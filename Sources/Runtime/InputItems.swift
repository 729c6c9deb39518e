import Language

/// Items of a conversation as every server takes them as input. The logged Python agent says the same
/// (`drover_agent/items.py`), and one set of fixtures holds both to it (`Tests/Fixtures/Requests`).
///
/// Llama Stack 0.2 and 0.3 fail on a search among them, and OGX forgets what it found: it becomes a function call and
/// its output, as the server itself shows it to the model. With guardrails 0.3 fails on text in parts.
enum InputItems {
    private static let textParts: Set<Value> = ["input_text", "output_text", "refusal"]

    /// The input of a request: a lone question is its text.
    static func input(_ items: [Value]) -> Value {
        if items.count == 1, let question = question(items[0]) { return .string(question) }
        return .array(spelled(items))
    }

    static func spelled(_ items: [Value]) -> [Value] {
        items.flatMap(spelled)
    }

    /// The text of an item that is a user's message of text alone; nil for every other.
    static func question(_ item: Value) -> String? {
        guard item["role"] == "user", item["type"] == nil || item["type"] == "message" else { return nil }
        return item["content"].flatMap(text)
    }

    /// The text of a message's content; nil where it is not text alone.
    static func text(_ content: Value) -> String? {
        if let text = content.string { return text }
        guard let parts = content.array, parts.allSatisfy({ $0["type"].map(textParts.contains) ?? false }) else {
            return nil
        }
        return parts.map { ($0["text"] ?? $0["refusal"])?.string ?? "" }.joined()
    }

    private static func spelled(_ item: Value) -> [Value] {
        switch item["type"]?.string {
        case "file_search_call":
            let query: Value = [
                "query": .string((item["queries"]?.array ?? []).compactMap(\.string).joined(separator: " "))
            ]
            let found = (item["results"]?.array ?? []).map { $0["text"]?.string ?? "" }.joined(separator: "\n\n")
            return call(item["id"] ?? "file_search", "file_search", query.canonicalJSON, output: .string(found))
        case "mcp_call":
            let arguments = item["arguments"]?.string ?? ""
            let error = item["error"].flatMap { $0 == .null ? nil : Value.string($0.interpolated) }
            let output = item["output"].flatMap { $0 == .null ? nil : $0 } ?? error ?? ""
            return call(
                item["id"] ?? "", item["name"]?.string ?? "", arguments.isEmpty ? "{}" : arguments, output: output)
        // A web search has no results that could be repeated; a list of tools is no part of what was said.
        case "web_search_call", "mcp_list_tools": return []
        case "function_call_output":
            return [["type": "function_call_output", "call_id": item["call_id"] ?? "", "output": item["output"] ?? ""]]
        case _: return [filled(item)]
        }
    }

    private static func call(_ id: Value, _ name: String, _ arguments: String, output: Value) -> [Value] {
        [
            [
                "type": "function_call", "id": id, "call_id": id, "name": .string(name),
                "arguments": .string(arguments), "status": "completed",
            ],
            ["type": "function_call_output", "call_id": id, "output": output],
        ]
    }

    /// A message with its type, and its text in one piece; every item without empty fields.
    private static func filled(_ item: Value) -> Value {
        guard var fields = item.object?.filter({ $0.value != .null }) else { return item }
        if let text = fields["content"].flatMap(text) { fields["content"] = .string(text) }
        if fields["type"] == nil, fields["role"] != nil { fields["type"] = "message" }
        return .object(fields)
    }
}
