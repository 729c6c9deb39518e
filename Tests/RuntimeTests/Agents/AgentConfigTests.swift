import Fakes
import Language
import Testing
import Wire

@testable import Runtime

@Suite struct AgentConfigTests {
    private func agent(_ tools: [ToolDefinition] = []) -> AgentDefinition {
        var agent = AgentDefinition(
            name: "support", model: "llm", instructions: "Be brief.", tools: tools, maxSteps: 5, runtime: .agents)
        agent.stack = "helpdesk"
        return agent
    }

    private func config(_ agent: AgentDefinition, on version: String = "0.2.24") async throws -> Value {
        try AgentConfig.value(of: agent, on: try await KnownRoutes.server(version).capabilities)
    }

    private static let weather = ToolDefinition(
        name: "weather",
        function: .init(
            description: "Current weather",
            parameters: [
                "type": "object", "required": ["city"],
                "properties": [
                    "unit": ["type": "string", "default": "C"], "city": ["type": "string", "description": "The city"],
                ],
            ]))

    @Test("The name carries stack, agent and the digest of the definition")
    func name() async throws {
        let name = try agent().serverName
        #expect(name.hasPrefix("helpdesk/support@"))
        #expect(name.count == "helpdesk/support@".count + 12)
        var changed = agent()
        changed.instructions = "Be kind."
        #expect(try changed.serverName != name)
        #expect(try await config(agent())["name"] == .string(name))
    }

    @Test("File search is the server's own search, with the stores as arguments")
    func fileSearch() async throws {
        let tool = ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs_1", "vs_2"]))
        #expect(
            try await config(agent([tool]))["toolgroups"] == [
                ["name": "builtin::rag/knowledge_search", "args": ["vector_db_ids": ["vs_1", "vs_2"]]]
            ])
    }

    @Test("How many passages a search gives at most is told as the server's tool takes it")
    func mostPassages() async throws {
        let tool = ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs_1"], maxResults: 3))
        let args: Value = ["vector_db_ids": ["vs_1"], "query_config": ["max_chunks": 3]]
        #expect(
            try await config(agent([tool]))["toolgroups"] == [
                ["name": "builtin::rag/knowledge_search", "args": args]
            ])
    }

    @Test("An MCP tool is its tool group, or those of its tools that are allowed")
    func mcp() async throws {
        let all = ToolDefinition(name: "tickets", mcp: .init(url: "http://t/mcp", toolGroup: "mcp::tickets"))
        #expect(try await config(agent([all]))["toolgroups"] == ["mcp::tickets"])
        let some = ToolDefinition(name: "tickets", mcp: .init(allow: ["find", "make"], toolGroup: "mcp::tickets"))
        #expect(try await config(agent([some]))["toolgroups"] == ["mcp::tickets/find", "mcp::tickets/make"])
        let none = ToolDefinition(name: "tickets", mcp: .init(url: "http://t/mcp"))
        let error = await #expect(throws: Diagnostic.self) { try await config(agent([none])) }
        #expect(error?.code == "no-tool-group" && error?.cause == .lacking)
    }

    @Test("Functions are client tools: parameters on 0.2, a schema on 0.3")
    func functions() async throws {
        let old = try await config(agent([Self.weather]))["client_tools"]?.array?.first
        #expect(
            old?["parameters"] == [
                ["name": "city", "parameter_type": "string", "description": "The city", "required": true],
                ["name": "unit", "parameter_type": "string", "description": "", "required": false, "default": "C"],
            ])
        let new = try await config(agent([Self.weather]), on: "0.3.5")["client_tools"]?.array?.first
        #expect(new?["input_schema"] == Self.weather.function?.parameters)
        #expect(new?["parameters"] == nil)
    }

    @Test("An agent as a tool is a client tool with a question")
    func agents() async throws {
        let billing = AgentDefinition(name: "billing", description: "Knows invoices", model: "llm", instructions: "")
        let tool = try await config(agent([ToolDefinition(name: "desk", agent: billing)]), on: "0.3.5")["client_tools"]
        #expect(tool?.array?.first?["name"] == "desk")
        #expect(tool?.array?.first?["description"] == "Knows invoices")
        #expect(tool?.array?.first?["input_schema"]?["required"] == ["question"])
    }

    @Test(
        "Sampling is a strategy",
        arguments: [
            (.init(), #"{"type":"greedy"}"#), (.init(temperature: 0), #"{"type":"greedy"}"#),
            (.init(temperature: 0.5), #"{"temperature":0.5,"top_p":1.0,"type":"top_p"}"#),
            (.init(topP: 0.9), #"{"temperature":1.0,"top_p":0.9,"type":"top_p"}"#),
        ] as [(AgentDefinition.Sampling, String)])
    func sampling(_ sampling: AgentDefinition.Sampling, _ strategy: String) async throws {
        var agent = agent()
        agent.sampling = sampling
        #expect(try await config(agent)["sampling_params"]?["strategy"]?.canonicalJSON == strategy)
    }

    @Test("Shields, steps, choice and format are where the server looks for them")
    func fields() async throws {
        var agent = agent([ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs"]))])
        agent.inputShields = ["guard"]
        agent.toolChoice = "knowledge"
        agent.responseFormat = ["type": "object"]
        let config = try await config(agent)
        #expect(config["input_shields"] == ["guard"] && config["output_shields"] == [])
        #expect(config["max_infer_iters"] == 5)
        #expect(config["tool_config"] == ["tool_choice": "knowledge_search"])
        #expect(config["response_format"] == ["type": "json_schema", "json_schema": ["type": "object"]])
    }
}
