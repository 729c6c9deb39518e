import Fakes
import Language
import Runtime
import Synchronization
import Testing
import Wire

@Suite("Documents behind an answer, by their paths")
struct FileNamesTests {
    private let ogx = FakeOGX()

    /// The stream of an answer that names the document behind it by the id of its file only, as Llama Stack 0.3 does; later
    /// servers tell its name.
    private static func stream(naming file: String) -> ScriptedTransport.Step {
        let passage: Value = [
            "attributes": [:], "file_id": .string(file), "filename": .string(file), "score": 0.9,
            "text": "Refunds take 14 days.",
        ]
        let search: Value = [
            "type": "file_search_call", "id": "fc_1", "status": "completed", "queries": ["refunds"],
            "results": [passage],
        ]
        let citation: Value = [
            "type": "file_citation", "file_id": .string(file), "filename": .string(file), "index": 18,
        ]
        let text: Value = ["type": "output_text", "text": "They take 14 days.", "annotations": [citation]]
        let message: Value = [
            "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text],
        ]
        let end: Value = [
            "type": "response.completed",
            "response": ["id": "resp_1", "status": "completed", "output": [search, message]],
        ]
        return .stream([Array("data: \(end.canonicalJSON)\n\n".utf8)])
    }

    /// What an agent with one document answers, with its files listed as `files` says, and how often they were.
    private func answer(
        files: @escaping @Sendable (_ attempt: Int) -> ScriptedTransport.Step?
    ) async throws -> (Answer, Int) {
        let server = try await LlamaStack.connect(
            to: Endpoint(
                service: "OGX", base: "http://ogx", transport: ogx,
                retry: RetryPolicy(attempts: 3, base: .zero, cap: .zero)))
        let store = try await server.vectorStores.create(.init(name: "kb"))
        let file = try await server.files.upload(Array("Refunds take 14 days.".utf8), path: "docs/refunds.md")
        _ = try await server.files(in: store.id).attach(file.id)
        let tool = ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: [store.id]))
        let agent = AgentDefinition(name: "support", model: "scripted/llm", instructions: "Be brief.", tools: [tool])
        let attempts = Mutex(0)
        ogx.intercept { request in
            if request.method == .post, request.url.contains("/v1/responses") { return Self.stream(naming: file.id) }
            guard request.method == .get, request.url.contains("/v1/files") else { return nil }
            return files(
                attempts.withLock { attempts in
                    attempts += 1
                    return attempts
                })
        }
        let answer = try await ResponsesRuntime(server: server).ask(
            agent, AgentRequest("How long do refunds take?"), timeout: .seconds(30)
        ) { _ in }
        return (answer, attempts.withLock { $0 })
    }

    @Test("A listing that fails once is read again, and the answer is whole")
    func retry() async throws {
        let (answer, attempts) = try await answer { $0 == 1 ? .response(HTTPResponse(status: 503)) : nil }
        #expect(answer.cited == ["docs/refunds.md"] && answer.retrieved.map(\.document) == ["docs/refunds.md"])
        #expect(answer.tellsSources && answer.tellsCitations && answer.unnamedSources == nil)
        #expect(attempts == 2)
    }

    @Test("Where the listing fails to the end, the answer stays, and says why its documents have no names")
    func failure() async throws {
        let (answer, attempts) = try await answer { _ in .response(HTTPResponse(status: 503)) }
        #expect(answer.status == .completed && answer.text.contains("14 days"))
        #expect(!answer.tellsSources && !answer.tellsCitations && attempts == 3)
        let reason = try #require(answer.unnamedSources)
        #expect(reason.hasPrefix("Could not list the files (`GET /v1/files` at `http://ogx`): "))
        #expect(reason.contains("503") && reason.hasSuffix("It was tried 3 times."))
    }
}
