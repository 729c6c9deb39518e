import Language
import Wire

/// An agent's definition as the body of a request to the Responses API.
struct ResponsesRequest {
    private let fixed: [String: Value]
    /// What in it is secret.
    let secrets: [Secret]

    /// - Parameter tokens: secrets of MCP servers, by the name of their environment variable.
    /// - Throws: `Diagnostic` when the API does not support something in the definition, or a token is missing.
    init(_ agent: AgentDefinition, tokens: [String: Secret], on server: Capabilities) throws(Diagnostic) {
        try Self.checkFileSearch(agent)
        var body: [String: Value] = [
            "model": .string(agent.model), "instructions": .string(agent.instructions),
            "max_infer_iters": .integer(agent.maxSteps),
        ]
        var tools: [Value] = []
        var secrets: [Secret] = []
        for tool in agent.tools {
            if let mcp = tool.mcp {
                let headers = try mcp.headers(tokens, for: tool.name, of: agent)
                tools.append(Self.mcp(mcp, named: tool.name, sending: headers, server))
                secrets += headers.secrets
            } else {
                tools.append(try Self.tool(tool, of: agent))
            }
        }
        if !tools.isEmpty { body["tools"] = .array(tools) }
        if tools.contains(where: { $0["type"] == "file_search" }) { body["include"] = ["file_search_call.results"] }
        // What a server does not heed is not sent: some refuse it, and some break.
        let heeded = agent.sampling == nil && agent.toolChoice == nil ? [] : server.heededTuning
        let sampling = agent.sampling
        if heeded.contains("sampling.temperature") { body["temperature"] = sampling?.temperature.map(Value.number) }
        if heeded.contains("sampling.topP") { body["top_p"] = sampling?.topP.map(Value.number) }
        if heeded.contains("sampling.maxTokens") { body["max_output_tokens"] = sampling?.maxTokens.map(Value.integer) }
        if heeded.contains("toolChoice") {
            body["tool_choice"] = agent.toolChoice.map { Self.toolChoice($0, of: agent) }
        }
        body["text"] = agent.responseFormat.map(Self.text)
        // Input and output shields are the same here: otherwise `RuntimeChoice` reports it.
        body["guardrails"] = agent.inputShields.flatMap { $0.isEmpty ? nil : .array($0.map(Value.string)) }
        fixed = body
        self.secrets = secrets
    }

    /// The request for one model run.
    ///
    /// - Parameter steps: the maximum number of model calls; nil for that of the agent.
    func body(_ input: Value, after previous: String?, isStored: Bool, steps: Int? = nil) -> [String: Value] {
        var body = fixed
        body["input"] = input
        body["store"] = .bool(isStored)
        body["previous_response_id"] = previous.map(Value.string)
        if let steps { body["max_infer_iters"] = .integer(steps) }
        return body
    }

    /// A tool group of servers up to 0.3 as a tool of the Responses API; nil when there is no equivalent.
    static func equivalent(of group: ToolDefinition.ToolGroup) -> Value? {
        switch group.id {
        case AgentConfig.searchGroup, "builtin::rag":
            guard let stores = group.args?["vector_db_ids"] ?? group.args?["vector_store_ids"] else { return nil }
            return ["type": "file_search", "vector_store_ids": stores]
        case AgentConfig.webSearchGroup: return ["type": "web_search"]
        case _: return nil
        }
    }

    private static func tool(_ tool: ToolDefinition, of agent: AgentDefinition) throws(Diagnostic) -> Value {
        if let search = tool.fileSearch { return fileSearch(search) }
        if let function = tool.offered {
            return [
                "type": "function", "name": .string(tool.name), "description": .string(function.description),
                "parameters": function.parameters, "strict": false,
            ]
        }
        guard let group = tool.toolGroup else { return ["type": "web_search"] }
        guard let tool = equivalent(of: group) else { throw unknownGroup(group.id, of: agent) }
        return tool
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
        _ mcp: ToolDefinition.MCP, named name: String, sending headers: ToolDefinition.MCP.Headers,
        _ server: Capabilities
    ) -> Value {
        var tool: [String: Value] = [
            "type": "mcp", "server_label": .string(name),
            "require_approval": .string(mcp.requireApproval ?? "never"),
        ]
        // By its id alone, servers (seen from 0.6 to OGX 1.5) find a connector in the first turn of a conversation
        // only.
        if let url = mcp.url {
            tool["server_url"] = .string(url)
        } else {
            tool["connector_id"] = mcp.connector.map(Value.string)
        }
        tool["allowed_tools"] = mcp.allow.map { .array($0.map(Value.string)) }
        var sent = headers.values
        if let token = headers.token {
            if server.takesMCPAuthorization {
                tool["authorization"] = .string(token.revealed)
            } else {
                sent["Authorization"] = Secret.bearer(token).revealed
            }
        }
        if !sent.isEmpty { tool["headers"] = .object(sent.mapValues(Value.string)) }
        return .object(tool)
    }

    private static func toolChoice(_ choice: String, of agent: AgentDefinition) -> Value {
        guard let tool = agent.tools.first(where: { $0.name == choice }) else { return .string(choice) }
        if tool.mcp != nil { return ["type": "mcp", "server_label": .string(tool.name)] }
        if tool.offered != nil { return ["type": "function", "name": .string(tool.name)] }
        if let group = tool.toolGroup, let type = equivalent(of: group)?["type"] { return ["type": type] }
        return tool.fileSearch == nil ? ["type": "web_search"] : ["type": "file_search"]
    }

    private static func text(_ schema: Value) -> Value {
        ["format": ["type": "json_schema", "name": "answer", "schema": schema]]
    }

    /// The server offers the model only one search, over the stores of the first file search tool (OGX 1.5).
    private static func checkFileSearch(_ agent: AgentDefinition) throws(Diagnostic) {
        let names = agent.tools.filter { $0.fileSearch != nil }.map { "`\($0.name)`" }
        guard names.count > 1 else { return }
        throw Diagnostic(
            "several-file-searches", "Only one file search for each agent",
            detail:
                "The agent `\(agent.name)` has the file search tools \(names.joined(separator: ", ")); the Responses "
                + "API would search only the first.",
            fix: "List all vector stores in one `fileSearch` tool.", address: agent.address, cause: .lacking
        )
    }

    private static func unknownGroup(_ group: String, of agent: AgentDefinition) -> Diagnostic {
        Diagnostic(
            "not-offered", "Something that the server does not offer",
            detail:
                "The agent `\(agent.name)` uses the tool group `\(group)`, for which the Responses API has no tool.",
            fix: "Use `runtime: agents` on Llama Stack 0.2 or 0.3, or another tool.",
            address: agent.address, cause: .lacking
        )
    }
}
