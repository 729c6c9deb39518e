import Language

/// The input of a request: a text, or items of a conversation.
///
/// Only what the answers of this server hold, and messages of text, can be said: a picture or a file would be fetched by the
/// servers behind, with their rights.
enum ServedInput {
    private static let roles: Set<String> = ["user", "assistant", "system", "developer"]
    private static let textParts: Set<String> = ["input_text", "output_text", "text", "refusal"]

    static func items(_ input: Value?) throws(ServedError) -> [Value] {
        switch input {
        case nil, .null: throw .invalid("`input` is missing: a text, or a list of items.", at: "input")
        case .string(let text): return [["role": "user", "content": .string(text)]]
        case .array(let values):
            guard !values.isEmpty else { throw .invalid("`input` is empty.", at: "input") }
            var items: [Value] = []
            for (index, value) in values.enumerated() {
                if let item = try item(value, at: "input[\(index)]") { items.append(item) }
            }
            guard !items.isEmpty else { throw .invalid("`input` says nothing.", at: "input") }
            try requireCalls(ofOutputsIn: values)
            return items
        case .bool, .integer, .bigInteger, .number, .object: throw .wrong("input", in: nil, "a text or a list of items")
        }
    }

    /// An output is nothing without the call that it belongs to: models and the servers before them refuse it.
    private static func requireCalls(ofOutputsIn values: [Value]) throws(ServedError) {
        func called(_ type: String) -> [(index: Int, id: String)] {
            values.enumerated().compactMap { index, value in
                value["type"]?.string == type ? value["call_id"]?.string.map { (index, $0) } : nil
            }
        }
        let calls = Set(called("function_call").map(\.id))
        guard let lone = called("function_call_output").first(where: { !calls.contains($0.id) }) else { return }
        throw .invalid(
            "`input[\(lone.index)]` is the output of a call that `input` does not have: send its `function_call`, too.",
            at: "input[\(lone.index)].call_id")
    }

    /// - Returns: nil for what a model thought, which is no part of what was said.
    private static func item(_ value: Value, at path: String) throws(ServedError) -> Value? {
        guard let fields = value.object else { throw .invalid("`\(path)` is no object.", at: path) }
        switch try fields.text("type", in: path) {
        case nil, "message": return try message(fields, at: path)
        case "function_call":
            let id = try required("call_id", of: fields, at: path)
            return [
                "type": "function_call", "id": .string(try fields.text("id", in: path) ?? id), "call_id": .string(id),
                "name": .string(try required("name", of: fields, at: path)),
                "arguments": .string(try required("arguments", of: fields, at: path)), "status": "completed",
            ]
        case "function_call_output":
            return [
                "type": "function_call_output", "call_id": .string(try required("call_id", of: fields, at: path)),
                "output": .string(try text(fields.present("output"), at: "\(path).output")),
            ]
        case "reasoning": return nil
        case "file_search_call", "mcp_call", "web_search_call": return .object(try said(fields, at: path))
        case _:
            throw .unsupported(
                "`\(path).type` is none that can be said: `message`, `function_call` and `function_call_output` are, and "
                    + "the calls of an earlier answer.", at: "\(path).type")
        }
    }

    private static func message(_ fields: [String: Value], at path: String) throws(ServedError) -> Value {
        let role = try required("role", of: fields, at: path)
        guard roles.contains(role) else {
            throw .invalid("`\(path).role` is `user`, `assistant`, `system` or `developer`.", at: "\(path).role")
        }
        let content = try text(fields.present("content"), at: "\(path).content")
        return ["type": "message", "role": .string(role), "content": .string(content)]
    }

    /// A call of a tool of the agent's, as an earlier answer told it.
    private static func said(_ fields: [String: Value], at path: String) throws(ServedError) -> [String: Value] {
        _ = try required("id", of: fields, at: path)
        for list in ["queries", "results"] {
            guard let value = fields.present(list) else { continue }
            guard value.array != nil else { throw .wrong(list, in: path, "a list") }
        }
        return fields
    }

    private static func required(
        _ name: String, of fields: [String: Value], at path: String
    ) throws(ServedError) -> String {
        guard let text = try fields.text(name, in: path) else {
            throw .invalid("`\(path).\(name)` is missing.", at: "\(path).\(name)")
        }
        return text
    }

    /// The text of a message or an output: as it is, or in parts.
    private static func text(_ value: Value?, at path: String) throws(ServedError) -> String {
        guard let value else { throw .invalid("`\(path)` is missing.", at: path) }
        if let text = value.string { return text }
        guard let parts = value.array else { throw .invalid("`\(path)` is a text, or a list of parts.", at: path) }
        var texts: [String] = []
        for (index, part) in parts.enumerated() {
            // As in MLflow, a part without a type is text.
            let type = part["type"] == nil ? "input_text" : part["type"]?.string ?? ""
            guard textParts.contains(type), let text = (part["text"] ?? part["refusal"])?.string else {
                throw .unsupported("`\(path)[\(index)]` is no part of text: `input_text` or `output_text`.", at: path)
            }
            texts.append(text)
        }
        return texts.joined()
    }
}
