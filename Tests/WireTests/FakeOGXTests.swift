import Fakes
import Foundation
import Language
import Testing
import Wire

/// The fake server against exchanges recorded from OGX 1.5.0: the same status, and the same fields.
@Suite struct FakeOGXTests {
    private struct Exchange {
        let status: Int
        let response: Value

        init(_ name: String) throws {
            let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "json"))
            let value = try Value(json: Data(contentsOf: url))
            status = try #require(value["status"]?.integer)
            response = try #require(value["response"])
        }
    }

    private let ogx = FakeOGX()

    private func send(_ method: HTTPRequest.Method, _ path: String, _ body: Value? = nil) async throws -> (Int, Value) {
        let bytes = body.map { Array($0.canonicalJSON.utf8) }
        let response = try await ogx.send(HTTPRequest(method, "http://ogx\(path)", body: bytes))
        return (response.status, try Value(json: response.body))
    }

    private func expect(
        _ name: String, _ answer: (Int, Value), sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let recorded = try Exchange(name)
        #expect(answer.0 == recorded.status, "\(name)", sourceLocation: sourceLocation)
        #expect(shape(answer.1) == shape(recorded.response), "\(name)", sourceLocation: sourceLocation)
    }

    /// Field names down to the values; of a list, its first thing; what users wrote is left out.
    private func shape(_ value: Value) -> [String] {
        switch value {
        case .object(let object):
            object.sorted { $0.key < $1.key }.flatMap { key, value in
                ["metadata", "custom_metadata", "attributes", "last_error"].contains(key)
                    ? [key] : shape(value).map { "\(key).\($0)" }
            }
        case .array(let values): values.first.map(shape)?.map { "[].\($0)" } ?? ["[]"]
        case .null, .bool, .integer, .bigInteger, .number, .string: [""]
        }
    }

    private func upload(_ text: String, as name: String) async throws -> String {
        let server = try await LlamaStack.connect(to: Endpoint(service: "OGX", base: "http://ogx", transport: ogx))
        return try await server.files.upload(Array(text.utf8), path: name).id
    }

    @Test("Routes that are not there are refused as recorded")
    func routes() async throws {
        try expect("00-version", await send(.get, "/v1/version"))
        try expect("00-root-404", await send(.get, "/v1/nope"))
        try expect("00-method-405", await send(.put, "/v1/models"))
        try expect("01-models-list", await send(.get, "/v1/models"))
    }

    @Test("Vector stores answer as recorded")
    func vectorStores() async throws {
        let made = try await send(.post, "/v1/vector_stores", ["name": "kb", "metadata": ["a": "b"]])
        try expect("05-vs-create", made)
        try expect("05-vs-create-bad-model", await send(.post, "/v1/vector_stores", ["embedding_model": "nope"]))
        try expect("05-vs-get-404", await send(.get, "/v1/vector_stores/vs_nope"))
        try expect("05-vs-update-404", await send(.post, "/v1/vector_stores/vs_nope", ["name": "x"]))
        try expect("05-vs-list-limit1", await send(.get, "/v1/vector_stores?limit=1"))
        let id = try #require(made.1["id"]?.string)
        try expect("05-vs-delete-again", await send(.delete, "/v1/vector_stores/\(id)"))
    }

    @Test("Files and attachments answer as recorded")
    func files() async throws {
        let file = try await upload("Llamas eat hay.", as: "a.txt")
        try expect("06-file-list", await send(.get, "/v1/files"))
        try expect("06-file-get-404", await send(.get, "/v1/files/file-nope"))
        let store = try #require(try await send(.post, "/v1/vector_stores", [:]).1["id"]?.string)
        let path = "/v1/vector_stores/\(store)/files"
        try expect("05-vsf-attach", await send(.post, path, ["file_id": .string(file)]))
        try expect("05-vsf-attach-missing", await send(.post, path, ["file_id": "file-nope"]))
        let small: Value = ["type": "static", "static": ["max_chunk_size_tokens": 1]]
        let bad: Value = ["file_id": .string(file), "chunking_strategy": small]
        try expect("05-vsf-attach-bad-chunking", await send(.post, path, bad))
        try expect("05-vsf-list", await send(.get, path))
        try expect("05-vsf-delete", await send(.delete, "\(path)/\(file)"))
        try expect("05-vsf-delete-again", await send(.delete, "\(path)/\(file)"))
        _ = try await send(.delete, "/v1/files/\(file)")
        try expect("06-file-delete-again", await send(.delete, "/v1/files/\(file)"))
    }

    @Test("Responses are refused and deleted as recorded")
    func responses() async throws {
        try expect("08-resp-missing-model", await send(.post, "/v1/responses", ["input": "hi"]))
        let body: Value = ["model": "scripted/llm", "input": "hi", "stream": true]
        _ = try await ogx.send(HTTPRequest(.post, "http://ogx/v1/responses", body: Array(body.canonicalJSON.utf8)))
        let id = try #require(ogx.storedResponses.first)
        try expect("08-resp-delete", await send(.delete, "/v1/responses/\(id)"))
        try expect("08-resp-delete-again", await send(.delete, "/v1/responses/\(id)"))
    }
}
