import Foundation
import Language
import Runtime
import Testing
import Wire

/// What the environment names for the tests on a real server.
private enum Live {
    static let url = ProcessInfo.processInfo.environment["DROVER_TEST_OGX_URL"]
    static let model = ProcessInfo.processInfo.environment["DROVER_TEST_OGX_MODEL"] ?? "scripted/llm"
    static let tools = ProcessInfo.processInfo.environment["DROVER_TEST_MCP_URL"]
}

/// The same on a real OGX, when `DROVER_TEST_OGX_URL` names one with a model that `DROVER_TEST_OGX_MODEL` names, and
/// for tool calls `DROVER_TEST_MCP_URL` an MCP server with the tool `greet(name)`.
@Suite(.enabled(if: Live.url != nil), .serialized) struct LiveOGXTests {
    private func withServer(_ body: @Sendable (LlamaStack) async throws -> Void) async throws {
        let url = try #require(Live.url)
        try await AsyncHTTPTransport.withTransport { transport in
            try await body(
                try await LlamaStack.connect(to: Endpoint(service: "Llama Stack", base: url, transport: transport))
            )
        }
    }

    private func agent(_ tools: [ToolDefinition], maxSteps: Int = 10) -> AgentDefinition {
        AgentDefinition(
            name: "support", model: Live.model, instructions: "Be brief.", tools: tools,
            sampling: .init(temperature: 0.2, topP: 0.9, maxTokens: 200), maxSteps: maxSteps
        )
    }

    @Test("The server is recognised, and lists its models")
    func capabilities() async throws {
        try await withServer { server in
            #expect(server.capabilities.product == "OGX")
            #expect(server.capabilities.hasResponses && server.capabilities.hasFiles)
            #expect(server.capabilities.connectorsPath != nil)
            let models = try await server.models.list()
            #expect(models.contains { $0.id == Live.model && $0.type == "llm" })
        }
    }

    @Test("Documents are uploaded, searched, cited by path, and removed again")
    func documents() async throws {
        try await withServer { server in
            let store = try await server.vectorStores.create(.init(name: "live", metadata: ["drover.stack": "live"]))
            var uploaded: [String] = []
            let texts = [
                ("docs/refunds & returns.md", "Refunds take 14 days."), ("docs/ship_ping.md", "Shipping is free."),
            ]
            for (path, text) in texts {
                let file = try await server.files.upload(Array(text.utf8), path: path)
                #expect(file.path == path)
                uploaded.append(file.id)
                let attached = try await server.files(in: store.id).attach(file.id, attributes: ["drover": "live:1"])
                #expect(attached.status == .completed)
            }
            let listed = try await server.files(in: store.id).list()
            #expect(listed.count == 2)
            let search = ToolDefinition(
                name: "knowledge", fileSearch: .init(vectorStores: [store.id], maxResults: 2, minScore: 0.1)
            )
            let answer = try await ResponsesRuntime(server: server).ask(
                agent([search]), "How long do refunds take?", timeout: .seconds(60)
            ) { _ in }
            #expect(answer.status == .completed)
            #expect(answer.retrieved.first?.document == "docs/refunds & returns.md")
            #expect(answer.cited == ["docs/refunds & returns.md"])
            #expect(answer.toolCalls.map(\.name) == ["knowledge"])
            #expect(answer.toolCalls.first?.result?.contains("14 days") == true)
            #expect(answer.steps == 2)
            #expect(answer.usage != nil)
            for file in uploaded {
                try await server.files(in: store.id).detach(file)
                try await server.files(in: store.id).detach(file)
                try await server.files.delete(file)
                try await server.files.delete(file)
            }
            try await server.vectorStores.delete(store.id)
            try await server.vectorStores.delete(store.id)
            let stores = try await server.vectorStores.list()
            #expect(stores.contains { $0.id == store.id } == false)
        }
    }

    @Test("Metadata is merged by the caller, and the store still ingests")
    func metadata() async throws {
        try await withServer { server in
            let store = try await server.vectorStores.create(.init(name: "live"))
            let merged = store.metadata.merging(["drover.digest": "1"]) { $1 }
            let updated = try await server.vectorStores.update(store.id, name: "renamed", metadata: merged)
            #expect(updated.name == "renamed")
            #expect(updated.metadata["drover.digest"] == "1")
            let empty = try await server.files.upload([], path: "empty.md")
            let failed = try await server.files(in: store.id).attach(empty.id)
            #expect(failed.status == .failed)
            #expect(failed.lastError != nil)
            try await server.files.delete(empty.id)
            try await server.vectorStores.delete(store.id)
        }
    }

    @Test("Turns remember each other and leave nothing behind")
    func turns() async throws {
        try await withServer { server in
            let ids = try await ResponsesRuntime(server: server).withConversation(with: agent([])) { conversation in
                let first = try await conversation.ask("one", timeout: .seconds(60)) { _ in }
                let second = try await conversation.ask("two", timeout: .seconds(60)) { _ in }
                #expect(second.hasMessage && second.streamedText == second.text)
                return [first.id, second.id]
            }
            for id in ids {
                let call = Call("look", .get, "/v1/responses/\(id ?? "")")
                let error = await #expect(throws: WireError.self) { try await server.endpoint.send(call) }
                #expect(error?.isAbsence == true)
            }
        }
    }

    @Test("An MCP tool is called, and its failure told", .enabled(if: Live.tools != nil))
    func mcp() async throws {
        try await withServer { server in
            let url: String = try #require(Live.tools)
            let tool = ToolDefinition(name: "desk", mcp: .init(url: url, allow: ["greet"]))
            let runtime = ResponsesRuntime(server: server)
            let answer = try await runtime.ask(agent([tool]), "greet Ann", timeout: .seconds(60)) { _ in }
            #expect(answer.toolCalls.map(\.name) == ["greet"])
            #expect(answer.toolCalls.first?.tool == "desk")
            #expect(answer.toolCalls.first?.result?.contains("Hello") == true)
            let short = try await runtime.ask(agent([tool], maxSteps: 1), "greet Ann", timeout: .seconds(60)) { _ in }
            #expect(short.status == .incomplete && short.error == "max_iterations_exceeded")
        }
    }

    @Test("A dead tool server and an unknown model are diagnosed")
    func failures() async throws {
        try await withServer { server in
            let dead = ToolDefinition(name: "dead", mcp: .init(url: "http://127.0.0.1:1/mcp"))
            let runtime = ResponsesRuntime(server: server)
            let unreachable = await #expect(throws: Diagnostic.self) {
                _ = try await runtime.ask(agent([dead]), "hi", timeout: .seconds(60)) { _ in }
            }
            #expect(unreachable?.fix?.contains("http://127.0.0.1:1/mcp") == true)
            var unknown = agent([])
            unknown.model = "nope"
            let error = await #expect(throws: Diagnostic.self) {
                _ = try await runtime.ask(unknown, "hi", timeout: .seconds(60)) { _ in }
            }
            #expect(error?.code == "unknown-model")
        }
    }
}
