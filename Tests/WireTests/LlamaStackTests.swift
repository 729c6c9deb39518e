import Fakes
import Language
import Testing
import Wire

@Suite struct LlamaStackTests {
    private func connect(
        _ transport: any HTTPTransport, base: String = "http://ogx:8321", token: Secret? = nil
    ) async throws -> LlamaStack {
        let endpoint = Endpoint(
            service: "Llama Stack", base: base, transport: transport, authorization: token,
            retry: RetryPolicy(base: .zero, cap: .zero)
        )
        return try await LlamaStack.connect(to: endpoint)
    }

    @Test(
        "A server is found whichever way its URL is written",
        arguments: ["http://ogx:8321", "http://ogx:8321/", "http://ogx:8321/v1", "http://ogx:8321/v1/"]
    )
    func bases(_ base: String) async throws {
        let server = try await connect(FakeOGX(), base: base)
        #expect(server.endpoint.base == "http://ogx:8321")
        #expect(server.endpoint.service == "OGX")
        #expect(server.capabilities.version == "1.5.0")
        #expect(server.capabilities.generation == .ogx)
        #expect(server.capabilities.hasResponses && server.capabilities.hasVectorStores)
        #expect(!server.capabilities.hasAgents && !server.capabilities.registersModels)
        #expect(server.capabilities.connectorsPath == "/v1alpha/admin/connectors")
    }

    @Test(
        "What is not there is told in several wordings, and a bad request in none of them",
        arguments: [
            (404, "", true), (400, "Vector_store 'vs_1' not found", true),
            (400, "Vector_store `vs_1` not served by provider: `faiss`. Make sure there is one.", true),
            (400, "Invalid value: limit", false), (500, "Vector_store 'vs_1' not found", false),
        ])
    func absence(status: Int, message: String, isAbsence: Bool) {
        let error = WireError(
            .status(status), service: "Llama Stack", operation: "read the vector store", method: .get,
            base: "http://ogx:8321", path: "/v1/vector_stores/vs_1", message: message)
        #expect(error.isAbsence == isAbsence)
    }

    @Test("A path prefix stays")
    func prefix() async throws {
        let transport = ScriptedTransport([
            .json(#"{"version":"0.3.5"}"#), .json(#"{"paths":{"/v1/agents":{"post":{}}}}"#),
        ])
        let server = try await connect(transport, base: "https://host/stack/v1")
        #expect(transport.requests.map(\.url) == ["https://host/stack/v1/version", "https://host/stack/openapi.json"])
        #expect(server.capabilities.generation == .v03)
        #expect(server.capabilities.product == "Llama Stack")
        #expect(server.capabilities.hasAgents)
    }

    @Test(
        "Versions fall into their generations",
        arguments: [
            ("0.2.24", Capabilities.Generation.v02), ("0.3.5", .v03), ("0.4.7", .v04), ("0.6.1", .v04), ("0.7.3", .v07),
            ("0.8.0rc1", .ogx), ("1.5.0", .ogx),
        ])
    func generations(_ version: String, _ generation: Capabilities.Generation) async throws {
        let transport = ScriptedTransport([
            .json(#"{"version":"\#(version)"}"#), .json(#"{"paths":{"/v1/models":{"get":{}}}}"#),
        ])
        #expect(try await connect(transport).capabilities.generation == generation)
    }

    @Test(
        "A version of no generation, or routes of none, are refused",
        arguments: [
            ("0.1.9", "/v1/models"), ("dev", "/v1/models"), ("1.5.0", "/api/tags"),
        ])
    func unknownGeneration(_ version: String, _ path: String) async throws {
        let transport = ScriptedTransport([
            .json(#"{"version":"\#(version)"}"#), .json(#"{"paths":{"\#(path)":{"get":{}}}}"#),
        ])
        let error = await #expect(throws: Diagnostic.self) { try await connect(transport) }
        #expect(error?.code == "unknown-generation")
        #expect(error?.cause == .lacking)
    }

    @Test("What a request may hold is read from the description, through its references")
    func fields() async throws {
        let description = """
            {"paths": {"/v1/responses": {
              "parameters": [], "post": {"requestBody": {"content": {"application/json": {"schema": {
                "allOf": [{"$ref": "#/components/schemas/Body"}]}}}}}}},
             "components": {"schemas": {
               "Body": {"properties": {"guardrails": true, "input": {"type": "string"}}}, "Other": {"type": "string"}}}}
            """
        let transport = ScriptedTransport([.json(#"{"version":"0.7.3"}"#), .json(description)])
        let capabilities = try await connect(transport).capabilities
        #expect(capabilities.responsesTake("guardrails") && capabilities.responsesTake("input"))
        #expect(!capabilities.responsesTake("prompt"))
        #expect(capabilities.offers(.responses))
        #expect(!capabilities.offers(.guardrails), "there are no shields to name")
    }

    @Test("What a server lacks is told with the versions that have it", arguments: Capabilities.Feature.allCases)
    func lacking(_ feature: Capabilities.Feature) async throws {
        let transport = ScriptedTransport([
            .json(#"{"version":"0.7.3"}"#), .json(#"{"paths":{"/v1/models":{"get":{}}}}"#),
        ])
        let capabilities = try await connect(transport).capabilities
        #expect(!capabilities.offers(feature))
        let error = capabilities.lacking(feature, for: "`agents.support`")
        #expect(error.cause == .lacking)
        #expect(
            error.detail.hasPrefix("`agents.support` needs \(feature.noun), which Llama Stack 0.7.3 does not offer."))
        #expect(error.detail.hasSuffix("\(feature.versions)."))
    }

    @Test(
        "Something else that answers is told as such",
        arguments: [
            ScriptedTransport.Step.page(404, "<title>404 Not Found</title>"), .page(200, "<html><title>MLflow</title>"),
            .json(200, "{}"), .json(200, "[1]"), .json(302, ""),
        ])
    func stranger(_ step: ScriptedTransport.Step) async throws {
        let error = await #expect(throws: Diagnostic.self) { try await connect(ScriptedTransport([step])) }
        #expect(error?.code == "not-llama-stack")
        #expect(error?.cause == .unavailable)
    }

    @Test("A server that nobody runs is told with the command that starts one")
    func unreachable() async throws {
        let error = await #expect(throws: Diagnostic.self) { try await connect(ScriptedTransport([])) }
        #expect(error?.code == "server-unreachable")
        #expect(error?.detail.contains("`http://ogx:8321`: connection refused. It was tried") == true)
        #expect(error?.fix?.contains("drover lab up") == true)
    }

    @Test("A missing token is told with the setting that gives it; a right one opens")
    func token() async throws {
        let ogx = FakeOGX(token: Secret("s3cret"))
        let error = await #expect(throws: Diagnostic.self) { try await connect(ogx) }
        #expect(error?.code == "access-denied")
        #expect(error?.fix?.contains("servers.llamastack.apiKey") == true)
        #expect(try await connect(ogx, token: .bearer(Secret("s3cret"))).capabilities.hasFiles)
    }

    @Test("Listings follow all pages, each thing once")
    func pages() async throws {
        let server = try await connect(FakeOGX())
        for number in 1...205 { _ = try await server.vectorStores.create(.init(name: "store \(number)")) }
        let names = try await server.vectorStores.list().map(\.name)
        #expect(names == (1...205).map { "store \($0)" })
    }

    @Test("A store keeps what was declared, and files say what became of them")
    func storeLife() async throws {
        let server = try await connect(FakeOGX())
        let store = try await server.vectorStores.create(.init(name: "kb", metadata: ["drover.stack": "qs"]))
        #expect(store.metadata["drover.stack"] == "qs")
        #expect(store.metadata["embedding_model"] == "scripted/embed")
        let file = try await server.files.upload(Array("Llamas eat hay.".utf8), path: "docs/food & drink.md")
        #expect(file.path == "docs/food & drink.md")
        let files = server.files(in: store.id)
        let attached = try await files.attach(
            file.id, attributes: ["drover": "qs:1"], chunking: .fixed(maxTokens: 100, overlap: 10)
        )
        #expect(attached.status == .completed)
        #expect(attached.chunking == .fixed(maxTokens: 100, overlap: 10))
        #expect(try await files.list().map(\.attributes) == [["drover": "qs:1"]])
        let empty = try await server.files.upload([], path: "empty.md")
        let failed = try await files.attach(empty.id)
        #expect(failed.status == .failed)
        #expect(failed.lastError == "No chunks were generated from the file")
        #expect(try await server.files.digest(of: file.id) == sha256Hex("Llamas eat hay.".utf8))
    }

    @Test("What is not there need not be deleted")
    func deletions() async throws {
        let server = try await connect(FakeOGX())
        let store = try await server.vectorStores.create(.init(name: "kb"))
        try await server.files(in: store.id).detach("file-00")
        try await server.files.delete("file-00")
        try await server.vectorStores.delete(store.id)
        try await server.vectorStores.delete(store.id)
        try await server.responses.delete("resp_0")
        #expect(try await server.vectorStores.list().isEmpty)
    }

    @Test("A store whose server keys were dropped ingests nothing")
    func metadata() async throws {
        let server = try await connect(FakeOGX())
        let store = try await server.vectorStores.create(.init(name: "kb"))
        let file = try await server.files.upload(Array("text".utf8), path: "a.md")
        _ = try await server.vectorStores.update(store.id, metadata: ["only": "ours"])
        #expect(try await server.files(in: store.id).attach(file.id).status == .failed)
        try await server.files(in: store.id).detach(file.id)
        _ = try await server.vectorStores.update(store.id, metadata: store.metadata.merging(["only": "ours"]) { $1 })
        #expect(try await server.files(in: store.id).attach(file.id).status == .completed)
    }
}
