import Language

/// An agent's definition as the body of a request to the Responses API.
struct ResponsesRequest {
    private let fixed: [String: Value]

    /// - Parameter tokens: bearer tokens of MCP servers, by the name of their environment variable.
    /// - Throws: `Diagnostic` when the API cannot do what the definition asks for, or a token is missing.
    init(_ agent: AgentDefinition, tokens: [String: Secret]) throws(Diagnostic) {
        try Self.checkFileSearch(agent)
        var body: [String: Value] = [
            "model": .string(agent.model), "instructions": .string(agent.instructions),
            "max_infer_iters": .integer(agent.maxSteps),
        ]
        var tools: [Value] = []
        for tool in agent.tools {
            if let search = tool.fileSearch { tools.append(Self.fileSearch(search)) }
            if let mcp = tool.mcp { tools.append(try Self.mcp(mcp, named: tool.name, of: agent, tokens)) }
        }
        if !tools.isEmpty { body["tools"] = .array(tools) }
        if agent.tools.contains(where: { $0.fileSearch != nil }) { body["include"] = ["file_search_call.results"] }
        body["temperature"] = agent.sampling?.temperature.map(Value.number)
        body["top_p"] = agent.sampling?.topP.map(Value.number)
        body["max_output_tokens"] = agent.sampling?.maxTokens.map(Value.integer)
        body["tool_choice"] = agent.toolChoice.map { Self.toolChoice($0, of: agent) }
        body["text"] = agent.responseFormat.map(Self.text)
        fixed = body
    }

    /// The request for one turn.
    func body(_ input: String, after previous: String?, isStored: Bool) -> [String: Value] {
        var body = fixed
        body["input"] = .string(input)
        body["store"] = .bool(isStored)
        body["previous_response_id"] = previous.map(Value.string)
        return body
    }

    private static func fileSearch(_ search: ToolDefinition.FileSearch) -> Value {
        var tool: [String: Value] = [
            "type": "file_search", "vector_store_ids": .array(search.vectorStores.map(Value.string)),
        ]
        tool["max_num_results"] = search.maxResults.map(Value.integer)
        tool["filters"] = search.filters
        tool["ranking_options"] = search.minScore.map { ["score_threshold": .number($0)] }
        return .object(tool)
    }

    private static func mcp(
        _ mcp: ToolDefinition.MCP, named name: String, of agent: AgentDefinition, _ tokens: [String: Secret]
    ) throws(Diagnostic) -> Value {
        var tool: [String: Value] = [
            "type": "mcp", "server_label": .string(name),
            "require_approval": .string(mcp.requireApproval ?? "never"),
        ]
        tool["server_url"] = mcp.url.map(Value.string)
        tool["connector_id"] = mcp.connector.map(Value.string)
        tool["allowed_tools"] = mcp.allow.map { .array($0.map(Value.string)) }
        tool["headers"] = mcp.headers.map { .object($0.mapValues(Value.string)) }
        if let variable = mcp.tokenEnvironment {
            guard let token = tokens[variable] else { throw missing(variable, for: name, of: agent) }
            tool["authorization"] = .string(token.revealed)
        }
        return .object(tool)
    }

    private static func toolChoice(_ choice: String, of agent: AgentDefinition) -> Value {
        guard let tool = agent.tools.first(where: { $0.name == choice }) else { return .string(choice) }
        return tool.mcp == nil
            ? ["type": "file_search"] : ["type": "mcp", "server_label": .string(tool.name)]
    }

    private static func text(_ schema: Value) -> Value {
        ["format": ["type": "json_schema", "name": "answer", "schema": schema]]
    }

    /// The server offers the model one search, over the stores of the first file search tool alone (OGX 1.5).
    private static func checkFileSearch(_ agent: AgentDefinition) throws(Diagnostic) {
        let names = agent.tools.filter { $0.fileSearch != nil }.map { "`\($0.name)`" }
        guard names.count > 1 else { return }
        throw Diagnostic(
            "several-file-searches", "Only one file search for each agent",
            detail:
                "The agent `\(agent.name)` has the file search tools \(names.joined(separator: ", ")); the Responses "
                + "API would search only the first.",
            fix: "List all vector stores in one `fileSearch` tool.", address: "agents.\(agent.name)", exitCode: 10
        )
    }

    private static func missing(_ variable: String, for tool: String, of agent: AgentDefinition) -> Diagnostic {
        Diagnostic(
            "missing-secret", "A secret is missing",
            detail: "The tool `\(tool)` of the agent `\(agent.name)` takes its token from the environment variable "
                + "`\(variable)`, which is not set.",
            fix: "Set `\(variable)`.", address: "agents.\(agent.name)"
        )
    }
}
