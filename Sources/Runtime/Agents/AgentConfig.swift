package import Language
package import Wire

/// An agent's definition as the `agent_config` of a server agent (0.2 and 0.3).
///
/// The server does not validate agents, drops unknown fields, and adds defaults; so this is the only place that knows
/// how a definition is translated.
package enum AgentConfig {
    /// The tool group that searches documents on these servers, and the name of its tool.
    static let searchGroup = "builtin::rag/knowledge_search"
    static let searchTool = "knowledge_search"
    static let webSearchGroup = "builtin::websearch"

    /// The body of `POST …/agents`, without the server's defaults.
    ///
    /// - Throws: `Diagnostic` (`lacking`) when server agents do not support something in the definition.
    package static func value(
        of agent: AgentDefinition, on capabilities: Capabilities
    ) throws -> Value {
        var config: [String: Value] = [
            "name": .string(try agent.serverName), "model": .string(agent.model),
            "instructions": .string(agent.instructions), "max_infer_iters": .integer(agent.maxSteps),
            "enable_session_persistence": false, "sampling_params": sampling(agent.sampling),
            "toolgroups": .array(try agent.tools.flatMap { try groups($0, of: agent) }),
            "client_tools": .array(agent.tools.compactMap { clientTool($0, on: capabilities) }),
            "input_shields": .array((agent.inputShields ?? []).map(Value.string)),
            "output_shields": .array((agent.outputShields ?? []).map(Value.string)),
        ]
        config["tool_config"] = toolChoice(of: agent).map { ["tool_choice": .string($0)] }
        config["response_format"] = agent.responseFormat.map { ["type": "json_schema", "json_schema": $0] }
        return .object(config)
    }

    /// 0 and none are greedy; the server's other strategy requires a temperature above 0, and cuts at 0.95 by default.
    private static func sampling(_ sampling: AgentDefinition.Sampling?) -> Value {
        var params: [String: Value] = ["strategy": ["type": "greedy"]]
        let temperature = sampling?.temperature ?? (sampling?.topP == nil ? 0 : 1)
        if temperature > 0 {
            params["strategy"] = [
                "type": "top_p", "temperature": .number(temperature), "top_p": .number(sampling?.topP ?? 1),
            ]
        }
        params["max_tokens"] = sampling?.maxTokens.map(Value.integer)
        params["stop"] = sampling?.stop.map { .array($0.map(Value.string)) }
        return .object(params)
    }

    /// The tool groups of a tool: one that is restricted to some of a server's tools is listed once for each.
    private static func groups(_ tool: ToolDefinition, of agent: AgentDefinition) throws -> [Value] {
        if let search = tool.fileSearch {
            var args: [String: Value] = ["vector_db_ids": .array(search.vectorStores.map(Value.string))]
            args["query_config"] = search.maxResults.map { ["max_chunks": .integer($0)] }
            return [["name": .string(searchGroup), "args": .object(args)]]
        }
        if let mcp = tool.mcp {
            guard let group = mcp.toolGroup else { throw withoutGroup(tool.name, of: agent) }
            return mcp.allow.map { $0.map { .string("\(group)/\($0)") } } ?? [.string(group)]
        }
        if let group = tool.toolGroup {
            return [group.args.map { ["name": .string(group.id), "args": $0] } ?? .string(group.id)]
        }
        return tool.builtin == nil ? [] : [.string(webSearchGroup)]
    }

    private static func clientTool(_ tool: ToolDefinition, on capabilities: Capabilities) -> Value? {
        guard let function = tool.offered else { return nil }
        var client: [String: Value] = [
            "name": .string(tool.name), "description": .string(function.description),
        ]
        if capabilities.clientToolsHaveSchemas {
            client["input_schema"] = function.parameters
        } else {
            client["parameters"] = parameters(function.parameters)
        }
        return .object(client)
    }

    /// A schema's properties for 0.2, which knows only their types.
    private static func parameters(_ schema: Value) -> Value {
        let required = schema["required"]?.array ?? []
        let properties = (schema["properties"]?.object ?? [:]).sorted { $0.key < $1.key }
        return .array(
            properties.map { name, property in
                var parameter: [String: Value] = [
                    "name": .string(name), "parameter_type": property["type"] ?? "string",
                    "description": property["description"] ?? "", "required": .bool(required.contains(.string(name))),
                ]
                parameter["default"] = property["default"]
                return .object(parameter)
            })
    }

    /// Nil for the server's default, and for a tool that offers several.
    private static func toolChoice(of agent: AgentDefinition) -> String? {
        guard let choice = agent.toolChoice else { return nil }
        guard let tool = agent.tools.first(where: { $0.name == choice }) else { return choice }
        if tool.fileSearch != nil { return searchTool }
        return tool.offered == nil ? nil : choice
    }

    private static func withoutGroup(_ tool: String, of agent: AgentDefinition) -> Diagnostic {
        Diagnostic(
            "no-tool-group", "An MCP tool without a tool group",
            detail: "The agent `\(agent.name)` runs as an agent of the server, which knows MCP servers only as tool "
                + "groups; none is registered for the tool `\(tool)`.",
            fix: "Apply again, so that its tool group is registered.", address: agent.address, cause: .lacking
        )
    }
}
