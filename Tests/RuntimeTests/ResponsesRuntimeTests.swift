import Fakes
import Language
import Runtime
import Synchronization
import Testing
import Wire

@Suite struct ResponsesRuntimeTests {
    static let mcp = "http://tools/mcp"

    private let ogx = FakeOGX(servers: [
        mcp: [
            FakeTool("ticket_create") { "Ticket for \($0["text"]?.string ?? "")" },
            FakeTool("broken") { _ in throw Trouble() },
        ]
    ])

    private struct Trouble: Error {}

    private var server: LlamaStack {
        get async throws {
            try await LlamaStack.connect(
                to: Endpoint(
                    service: "Llama Stack", base: "http://ogx", transport: ogx,
                    retry: RetryPolicy(base: .zero, cap: .zero)
                )
            )
        }
    }

    private func agent(_ tools: [ToolDefinition] = [], model: String = "scripted/llm", maxSteps: Int = 10)
        -> AgentDefinition
    {
        AgentDefinition(name: "support", model: model, instructions: "Be brief.", tools: tools, maxSteps: maxSteps)
    }

    private func ask(_ agent: AgentDefinition, _ input: String) async throws -> (Answer, [AgentEvent]) {
        let events = Mutex<[AgentEvent]>([])
        let answer = try await ResponsesRuntime(server: server).ask(agent, AgentRequest(input), timeout: .seconds(30)) {
            event in
            events.withLock { $0.append(event) }
        }
        return (answer, events.withLock { $0 })
    }

    @Test("A plain answer comes whole, streamed, and stores nothing")
    func plain() async throws {
        let (answer, events) = try await ask(agent(), "Hello there")
        #expect(answer.status == .completed)
        #expect(answer.text == "ANSWER[Be brief.] to: Hello there")
        #expect(answer.hasMessage)
        #expect(answer.streamedText == answer.text)
        #expect(answer.steps == 1)
        #expect(answer.usage == Answer.Usage(input: 10, output: 5))
        #expect(answer.timeToFirstToken != nil)
        #expect(events.last == .finished(answer))
        #expect(ogx.storedResponses.isEmpty)
    }

    @Test("File search tells the documents it found by our paths, best first")
    func fileSearch() async throws {
        let server = try await server
        let store = try await server.vectorStores.create(.init(name: "kb"))
        for (path, text) in [("docs/shipping.md", "Shipping is free."), ("docs/refunds.md", "Refunds take 14 days.")] {
            let file = try await server.files.upload(Array(text.utf8), path: path)
            _ = try await server.files(in: store.id).attach(file.id)
        }
        let tool = ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: [store.id]))
        let (answer, events) = try await ask(agent([tool]), "How long do refunds take?")
        #expect(answer.retrieved.map(\.document) == ["docs/refunds.md", "docs/shipping.md"])
        #expect(answer.retrieved.map(\.text) == ["Refunds take 14 days.", "Shipping is free."])
        #expect(answer.cited == ["docs/refunds.md"])
        let call = try #require(answer.toolCalls.first)
        #expect(call.name == "knowledge" && call.tool == "knowledge")
        #expect(call.arguments == ["query": "How long do refunds take?"])
        #expect(call.result == "Refunds take 14 days.\n\nShipping is free.")
        #expect(answer.steps == 2)
        #expect(events.prefix(2) == [.toolStarted(name: "knowledge"), .toolFinished(call)])
    }

    @Test("MCP calls carry their arguments, results and errors")
    func mcpCalls() async throws {
        let tool = ToolDefinition(name: "tickets", mcp: .init(url: Self.mcp))
        let (answer, _) = try await ask(agent([tool]), "ticket_create now")
        #expect(
            answer.toolCalls == [
                Answer.ToolCall(
                    name: "ticket_create", tool: "tickets", arguments: ["text": "ticket_create now"],
                    result: "Ticket for ticket_create now"
                )
            ])
        let (second, _) = try await ask(agent([tool]), "a broken one")
        #expect(second.toolCalls.first?.error == "Error (code 1): None")
        #expect(second.toolCalls.first?.result == nil)
    }

    @Test("Only allowed tools are offered")
    func allowed() async throws {
        let tool = ToolDefinition(name: "tickets", mcp: .init(url: Self.mcp, allow: ["broken"]))
        let (answer, _) = try await ask(agent([tool]), "ticket_create now")
        #expect(answer.toolCalls.isEmpty)
    }

    @Test("Running out of steps is incomplete, with the reason, and without a message")
    func outOfSteps() async throws {
        let tool = ToolDefinition(name: "tickets", mcp: .init(url: Self.mcp))
        let (answer, _) = try await ask(agent([tool], maxSteps: 1), "ticket_create")
        #expect(answer.status == .incomplete)
        #expect(answer.error == "max_iterations_exceeded")
        #expect(!answer.hasMessage)
    }

    @Test("Turns remember each other, and everything stored is deleted afterwards")
    func turns() async throws {
        let ogx = FakeOGX { question in .say((question.history + [question.input]).joined(separator: " | ")) }
        let endpoint = Endpoint(service: "OGX", base: "http://ogx", transport: ogx)
        let runtime = ResponsesRuntime(server: try await LlamaStack.connect(to: endpoint))
        let texts = try await runtime.withConversation(with: agent()) { conversation in
            let first = try await conversation.ask("one", timeout: .seconds(9)) { _ in }
            let second = try await conversation.ask("two", timeout: .seconds(9)) { _ in }
            #expect(ogx.storedResponses.count == 2)
            return [first.text, second.text]
        }
        #expect(texts == ["one", "one | one | two"])
        #expect(ogx.storedResponses.isEmpty)
    }

    @Test("What is stored is deleted when the conversation fails, and when it is cancelled")
    func cleanUp() async throws {
        let runtime = ResponsesRuntime(server: try await server)
        await #expect(throws: Trouble.self) {
            try await runtime.withConversation(with: agent()) { conversation in
                _ = try await conversation.ask("one", timeout: .seconds(9)) { _ in }
                throw Trouble()
            }
        }
        #expect(ogx.storedResponses.isEmpty)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await runtime.withConversation(with: agent()) { conversation in
                    _ = try await conversation.ask("one", timeout: .seconds(9)) { _ in }
                    withUnsafeCurrentTask { $0?.cancel() }
                    try Task.checkCancellation()
                }
            }
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(ogx.storedResponses.isEmpty)
        #expect(ogx.requests.filter { $0.hasPrefix("DELETE /v1/responses/") }.count == 2)
    }

    @Test("An unknown model is named")
    func unknownModel() async throws {
        let error = await #expect(throws: Diagnostic.self) { _ = try await ask(agent(model: "nope"), "hi") }
        #expect(error?.code == "unknown-model")
        #expect(error?.address == "agents.support")
        #expect(error?.detail.contains("`nope`") == true)
    }

    @Test("A tool server that cannot be reached is named")
    func deadTools() async throws {
        let tool = ToolDefinition(name: "dead", mcp: .init(url: "http://dead/mcp"))
        let error = await #expect(throws: Diagnostic.self) { _ = try await ask(agent([tool]), "hi") }
        #expect(error?.fix?.contains("`http://dead/mcp`") == true)
    }

    @Test("A token that is not given is asked for before anything is sent")
    func missingToken() async throws {
        let tool = ToolDefinition(name: "tickets", mcp: .init(url: Self.mcp, tokenEnvironment: "TICKETS_TOKEN"))
        let error = await #expect(throws: Diagnostic.self) { _ = try await ask(agent([tool]), "hi") }
        #expect(error?.code == "missing-secret")
        #expect(error?.fix?.hasPrefix("Set `TICKETS_TOKEN`, or") == true)
        #expect(!ogx.requests.contains("POST /v1/responses"))
    }

    @Test("Two file searches are refused: the server would use the first alone")
    func twoSearches() async throws {
        let tools = ["a", "b"].map { ToolDefinition(name: $0, fileSearch: .init(vectorStores: ["vs_\($0)"])) }
        let error = await #expect(throws: Diagnostic.self) { _ = try await ask(agent(tools), "hi") }
        #expect(error?.code == "several-file-searches")
        #expect(error?.cause == .lacking)
    }

    @Test("A stream that is cut off is an error, not an answer")
    func cut() async throws {
        let start = #"data: {"type":"response.created","response":{"id":"resp_1"}}"# + "\n\n"
        let server = try await server
        for failure in [nil, TransportFailure(.broken, "the server closed the connection")] {
            ogx.intercept { $0.method == .post ? .stream([Array(start.utf8)], failure) : nil }
            let error = await #expect(throws: Diagnostic.self) {
                _ = try await ResponsesRuntime(server: server).ask(agent(), "hi", timeout: .seconds(9)) { _ in }
            }
            #expect(error?.code == "stream-broken")
            #expect(error?.cause == .unavailable)
        }
    }
}
