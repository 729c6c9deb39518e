import Language

/// Items of a conversation as the messages of a chat completion. Calls that follow each other, or what was said before
/// them, are one message: the model asked for them at once.
enum ChatMessages {
    /// - Throws: `Diagnostic` (`lacking`) for what chat completions have no message for.
    static func messages(_ items: [Value], of agent: AgentDefinition) throws(Diagnostic) -> [Value] {
        var messages: [Value] = []
        var calls: [Value] = []
        for item in InputItems.spelled(items) {
            let type = item["type"]?.string
            if type != "function_call" { add(&calls, to: &messages) }
            switch type {
            case "message": messages.append(try message(item, of: agent))
            case "function_call_output":
                messages.append(
                    ["role": "tool", "tool_call_id": item["call_id"] ?? "", "content": item["output"] ?? ""])
            case "function_call": calls.append(call(item))
            case _: throw .notHandedOn("an item of the type `\(type ?? "?")`", to: agent, "chat completions")
            }
        }
        add(&calls, to: &messages)
        return messages
    }

    private static func call(_ item: Value) -> Value {
        [
            "id": item["call_id"] ?? "", "type": "function",
            "function": ["name": item["name"] ?? "", "arguments": item["arguments"] ?? ""],
        ]
    }

    /// Adds the calls that follow each other, if there are any.
    private static func add(_ calls: inout [Value], to messages: inout [Value]) {
        guard !calls.isEmpty else { return }
        var message = messages.last?["role"] == "assistant" ? messages.removeLast().object ?? [:] : [:]
        message["role"] = "assistant"
        message["content"] = message["content"] ?? ""
        message["tool_calls"] = .array(calls)
        messages.append(.object(message))
        calls = []
    }

    private static func message(_ item: Value, of agent: AgentDefinition) throws(Diagnostic) -> Value {
        let role = item["role"] ?? "user"
        if let text = item["content"]?.string { return ["role": role, "content": .string(text)] }
        var parts: [Value] = []
        for part in item["content"]?.array ?? [] {
            if let text = InputItems.text([part]) {
                parts.append(["type": "text", "text": .string(text)])
            } else if part["type"] == "input_image" {
                var image: [String: Value] = [:]
                image["url"] = part["image_url"]
                image["detail"] = part["detail"]
                parts.append(["type": "image_url", "image_url": .object(image)])
            } else {
                let type = part["type"]?.string ?? "?"
                throw .notHandedOn("a part of the type `\(type)`", to: agent, "chat completions")
            }
        }
        return ["role": role, "content": .array(parts)]
    }
}
