import Language

/// An agent's definition as the body of a request for a chat completion.
struct ChatRequest {
    private let fixed: [String: Value]

    /// - Throws: `Diagnostic` (`lacking`) when chat completions do not support something in the definition.
    init(_ agent: AgentDefinition) throws(Diagnostic) {
        if let tool = agent.tools.first(where: { $0.offered == nil }) { throw Self.serverTool(tool.name, of: agent) }
        var body: [String: Value] = ["model": .string(agent.model)]
        let tools = agent.tools.compactMap { tool in tool.offered.map { Self.tool(tool.name, $0) } }
        if !tools.isEmpty { body["tools"] = .array(tools) }
        if !tools.isEmpty { body["tool_choice"] = agent.toolChoice.map { Self.choice($0, of: agent) } }
        body["temperature"] = agent.sampling?.temperature.map(Value.number)
        body["top_p"] = agent.sampling?.topP.map(Value.number)
        body["max_tokens"] = agent.sampling?.maxTokens.map(Value.integer)
        body["stop"] = agent.sampling?.stop.map { .array($0.map(Value.string)) }
        body["seed"] = agent.sampling?.seed.map(Value.integer)
        body["response_format"] = agent.responseFormat.map { schema in
            ["type": "json_schema", "json_schema": ["name": "answer", "schema": schema]]
        }
        fixed = body
    }

    func body(_ messages: [Value]) -> [String: Value] {
        fixed.merging(["messages": .array(messages)]) { $1 }
    }

    private static func tool(_ name: String, _ function: ToolDefinition.Function) -> Value {
        [
            "type": "function",
            "function": [
                "name": .string(name), "description": .string(function.description), "parameters": function.parameters,
            ],
        ]
    }

    private static func choice(_ choice: String, of agent: AgentDefinition) -> Value {
        guard agent.tools.contains(where: { $0.name == choice }) else { return .string(choice) }
        return ["type": "function", "function": ["name": .string(choice)]]
    }

    private static func serverTool(_ tool: String, of agent: AgentDefinition) -> Diagnostic {
        Diagnostic(
            "not-offered", "Something that the server does not offer",
            detail:
                "The agent `\(agent.name)` runs as chat completions, which have no tools of the server; `\(tool)` is "
                + "one.",
            fix: "Use `runtime: auto`, or functions and other agents as tools.", address: agent.address,
            cause: .lacking
        )
    }
}
