import Fakes
import Language
import Runtime
import Testing
import Wire

/// What a request asks beside its question is handed on, or refused; never dropped.
@Suite("AgentRequest")
struct AgentRequestTests {
    private struct Forbidden: FunctionHandler {
        func call(_ arguments: Value) async throws -> String {
            Issue.record("A caller's function was carried out here.")
            return ""
        }
    }

    private static let lookup = AgentRequest.Function(
        name: "lookup", definition: .init(description: "Looks up.", parameters: ["type": "object"]))

    private func agent(_ runtime: AgentDefinition.Runtime, _ tools: [ToolDefinition] = []) -> AgentDefinition {
        AgentDefinition(name: "support", model: "llm", instructions: "Be brief.", tools: tools, runtime: runtime)
    }

    private func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, on version: String, _ frames: [String] = []
    ) async throws -> (answer: Answer, sent: [Value]) {
        let probe: [ScriptedTransport.Step] = [
            .json(#"{"version":"\#(version)"}"#), .json(KnownRoutes.description(of: version).canonicalJSON),
        ]
        let transport = ScriptedTransport(probe + [.stream(frames.map { Array("data: \($0)\n\n".utf8) })])
        let endpoint = Endpoint(
            service: "Llama Stack", base: "http://stack", transport: transport,
            retry: RetryPolicy(base: .zero, cap: .zero))
        let runtimes = AgentRuntimes(
            server: try await LlamaStack.connect(to: endpoint), handlers: ["lookup": Forbidden()])
        let answer = try await runtimes.ask(agent, request, timeout: .seconds(30)) { _ in }
        let sent = transport.requests.dropFirst(2).compactMap(\.body)
        return (answer, try sent.map { try Value(json: $0.collected()) })
    }

    private static let responseCall =
        #"{"type":"response.completed","response":{"id":"r","status":"completed","output":"#
        + #"[{"type":"function_call","call_id":"c1","name":"lookup","arguments":"{}"}]}}"#
    private static let chatCall = [
        #"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"lookup","arguments":"{}"}}]}}]}"#,
        #"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
    ]

    @Test(
        "A caller's function is offered to the model, and its call is the caller's even where a handler has its name",
        arguments: [AgentDefinition.Runtime.responses, .chat])
    func functions(runtime: AgentDefinition.Runtime) async throws {
        var request: AgentRequest = "Where?"
        request.functions = [Self.lookup]
        let frames = runtime == .chat ? Self.chatCall : [Self.responseCall]
        let (answer, sent) = try await ask(agent(runtime), request, on: "1.5.0", frames)
        #expect(answer.pendingCalls.map(\.name) == ["lookup"] && answer.pendingCalls.map(\.id) == ["c1"])
        let tool = try #require(sent.first?["tools"]?.array?.first)
        #expect((runtime == .chat ? tool["function"]?["name"] : tool["name"]) == "lookup")
    }

    @Test("A caller's function cannot have the name of a tool")
    func taken() async throws {
        let own = ToolDefinition(name: "lookup", function: Self.lookup.definition)
        var request: AgentRequest = "Where?"
        request.functions = [Self.lookup]
        for runtime in [AgentDefinition.Runtime.responses, .chat] {
            let thrown = await #expect(throws: Diagnostic.self) {
                try await ask(agent(runtime, [own]), request, on: "1.5.0")
            }
            #expect(thrown?.cause == .usage && thrown?.detail.contains("`lookup`") == true)
        }
    }

    @Test(
        "What a way to run an agent cannot hand on is refused by its name, before anything is sent",
        arguments: [
            ("sampling", AgentDefinition.Runtime.agents, "0.3.5", "`sampling.temperature`"),
            ("functions", .agents, "0.3.5", "`lookup`"), ("file", .agents, "0.3.5", "texts, calls and their outputs"),
            ("seed", .responses, "1.5.0", "`sampling.seed`"), ("topP", .responses, "0.3.5", "`sampling.topP`"),
            ("file", .chat, "1.5.0", "`input_file`"), ("reasoning", .chat, "1.5.0", "`reasoning`"),
        ])
    func refused(what: String, runtime: AgentDefinition.Runtime, version: String, told: String) async throws {
        var request: AgentRequest = "Where?"
        switch what {
        case "sampling": request.sampling.temperature = 0
        case "functions": request.functions = [Self.lookup]
        case "seed": request.sampling.seed = 1
        case "topP": request.sampling.topP = 0.5
        case "file": request.items = [["role": "user", "content": [["type": "input_file", "file_id": "f"]]]]
        default: request.items += [["type": "reasoning", "id": "r"]]
        }
        let transport = ScriptedTransport([
            .json(#"{"version":"\#(version)"}"#), .json(KnownRoutes.description(of: version).canonicalJSON),
        ])
        let endpoint = Endpoint(service: "Llama Stack", base: "http://stack", transport: transport)
        let runtimes = AgentRuntimes(server: try await LlamaStack.connect(to: endpoint))
        let (agent, asked) = (agent(runtime), request)
        let thrown = await #expect(throws: Diagnostic.self) {
            try await runtimes.ask(agent, asked, timeout: .seconds(30)) { _ in }
        }
        #expect(thrown?.cause == .lacking && thrown?.detail.contains(told) == true, "\(thrown?.detail ?? "")")
        #expect(transport.requests.count == 2)
    }

    @Test("A picture is a part of a chat's message")
    func picture() async throws {
        let parts: Value = [
            ["type": "input_text", "text": "What is it?"], ["type": "input_image", "image_url": "https://x/a.png"],
        ]
        let (_, sent) = try await ask(
            agent(.chat), AgentRequest(items: [["role": "user", "content": parts]]), on: "1.5.0",
            [#"{"choices":[{"delta":{"content":"A cat."},"finish_reason":"stop"}]}"#])
        #expect(
            sent[0]["messages"]?.array?.last?["content"] == [
                ["type": "text", "text": "What is it?"],
                ["type": "image_url", "image_url": ["url": "https://x/a.png"]],
            ])
    }
}
