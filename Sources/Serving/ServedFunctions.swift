import Language
import Runtime

/// The functions of a caller's own, which come back to the caller as calls. Every other tool would be used with the rights
/// of this server.
enum ServedFunctions {
    /// How many a request may have: all of them are sent to the model.
    private static let limit = 128

    static func read(_ tools: Value?) throws(ServedError) -> [AgentRequest.Function] {
        guard let tools, tools != .null else { return [] }
        guard let tools = tools.array else { throw .wrong("tools", in: nil, "a list") }
        guard tools.count <= limit else {
            throw .invalid("`tools` has \(tools.count) functions, and may have \(limit).", at: "tools")
        }
        var functions: [AgentRequest.Function] = []
        var names: Set<String> = []
        for (index, tool) in tools.enumerated() {
            let function = try function(tool, at: "tools[\(index)]")
            guard names.insert(function.name).inserted else {
                throw .invalid("`tools` has two functions with one name.", at: "tools[\(index)].name")
            }
            functions.append(function)
        }
        return functions
    }

    private static func function(_ tool: Value, at path: String) throws(ServedError) -> AgentRequest.Function {
        guard let fields = tool.object else { throw .invalid("`\(path)` is no object.", at: path) }
        guard try fields.text("type", in: path) == "function" else {
            throw .unsupported(
                "`\(path)` is no function: other tools are the agent's own, and are declared with it.", at: path)
        }
        guard let name = try fields.text("name", in: path), name.wholeMatch(of: /[A-Za-z0-9_\-]{1,64}/) != nil else {
            throw .invalid("`\(path).name` is 1 to 64 letters, digits, `_` and `-`.", at: "\(path).name")
        }
        let parameters = fields.present("parameters") ?? ["type": "object", "properties": [:]]
        guard parameters.object != nil else { throw .wrong("parameters", in: path, "a JSON schema") }
        return AgentRequest.Function(
            name: name,
            definition: ToolDefinition.Function(
                description: try fields.text("description", in: path) ?? "", parameters: parameters))
    }
}
