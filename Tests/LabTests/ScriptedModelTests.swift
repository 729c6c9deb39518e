import FoundationEssentials
import Hummingbird
import Language
import Testing
import Wire

@testable import Lab

@Suite(.timeLimit(.minutes(20))) struct ScriptedModelTests {
    @Test("It lists its models, embeds in both encodings and answers chats, plain and streamed")
    func routes() async throws {
        let model = try ScriptedModel(script: nil)
        try await served(model.router) { ask in
            let models = try await ask.get("/v1/models")
            #expect(models["data"]?.array?.compactMap { $0["id"]?.string } == ["llm", "embed", "guard"])

            let texts: Value = ["model": "embed", "input": ["refund window", "shipping"]]
            let floats = try await ask.post("/v1/embeddings", texts).json["data"]?.array ?? []
            #expect(floats.map { $0["embedding"]?.array?.count } == [384, 384])
            let one: Value = ["model": "embed", "input": "refund window", "encoding_format": "base64"]
            let packed = try await ask.post("/v1/embeddings", one).json["data"]?.array?.first?["embedding"]?.string
            #expect(packed == Embedding.base64(Embedding.vector(of: "refund window")))

            let chat: Value = ["model": "llm", "messages": [["role": "user", "content": "Hello"]]]
            let said = try await ask.post("/v1/chat/completions", chat).json["choices"]?.array?.first
            #expect(said?["message"]?["content"]?.string?.contains("Hello") == true)
            let streamed: Value = ["model": "llm", "stream": true, "messages": [["role": "user", "content": "Hello"]]]
            let response = try await ask.post("/v1/chat/completions", streamed)
            #expect(response.header("content-type") == "text/event-stream")
            #expect(String(decoding: response.body, as: UTF8.self).hasSuffix("data: [DONE]\n\n"))
        }
    }

    @Test("A body that is no request is refused with 400")
    func badRequest() async throws {
        let model = try ScriptedModel(script: nil)
        try await served(model.router) { ask in
            let refused = try await ask.post("/v1/chat/completions", ["messages": "no"])
            #expect(refused.status == 400)
        }
    }

    @Test("A changed script answers at once, a broken one is an error that says why, a rule may fail on purpose")
    func reload() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "drover-script-\(UUID().uuidString).yaml")
            .path
        @Sendable func write(_ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        }
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write("rules: [{say: one}]")
        let model = try ScriptedModel(script: path)
        try await served(model.router) { ask in
            #expect(try await ask.chat() == "one")
            try write("rules: [{say: second}]")
            #expect(try await ask.chat() == "second")
            try write("rules: [{sey: broken}]")
            let broken = try await ask.post("/v1/chat/completions", Ask.hello)
            #expect(broken.status == 500)
            #expect(String(decoding: broken.body, as: UTF8.self).contains("`sey`"))
            try write("rules: [{times: 1, fail: {status: 503, message: busy}}, {say: well}]")
            #expect(try await ask.post("/v1/chat/completions", Ask.hello).status == 503)
            #expect(try await ask.chat() == "well")
        }
    }

    @Test("The MCP server answers calls in JSON, notifications with 202, and has no stream to offer")
    func mcp() async throws {
        let desk = DeskServer()
        try await served(desk.router) { ask in
            let list = try await ask.post("/mcp", ["jsonrpc": "2.0", "id": 1, "method": "tools/list"]).json
            #expect(list["result"]?["tools"]?.array?.count == 2)
            let note = try await ask.post("/mcp", ["jsonrpc": "2.0", "method": "notifications/initialized"])
            #expect(note.status == 202 && note.body.isEmpty)
            #expect(try await ask.transport.send(Wire.HTTPRequest(.get, "\(ask.root)/mcp")).status == 405)
        }
    }

    /// Serves routes on a free port while the body runs.
    private func served(
        _ router: @autoclosure @escaping @Sendable () -> Router<BasicRequestContext>,
        _ body: @escaping @Sendable (Ask) async throws -> Void
    ) async throws {
        var ports = Ports()
        let port = try ports.free(preferring: nil)
        try await AsyncHTTPTransport.withTransport { transport in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await LoopbackServer.run(router(), port: port, name: "test") }
                let health = Health(transport: transport)
                while try await !health.isGood(.model, port: port, timeout: .seconds(5)) {
                    try await Task.sleep(for: .milliseconds(10))
                }
                try await body(Ask(transport: transport, root: "http://127.0.0.1:\(port)"))
                group.cancelAll()
            }
        }
    }
}

/// Asks a server of the lab.
private struct Ask: Sendable {
    static let hello: Value = ["model": "llm", "messages": [["role": "user", "content": "Hello"]]]

    let transport: AsyncHTTPTransport
    let root: String

    func get(_ path: String) async throws -> Value {
        try await transport.send(Wire.HTTPRequest(.get, root + path)).json
    }

    func post(_ path: String, _ body: Value) async throws -> Wire.HTTPResponse {
        let headers = [(name: "content-type", value: "application/json")]
        return try await transport.send(
            Wire.HTTPRequest(.post, root + path, headers: headers, body: Array(body.canonicalJSON.utf8)))
    }

    func chat() async throws -> String? {
        let answer = try await post("/v1/chat/completions", Self.hello).json
        return answer["choices"]?.array?.first?["message"]?["content"]?.string
    }
}

extension Wire.HTTPResponse {
    fileprivate var json: Value {
        get throws { try Value(json: body) }
    }
}
