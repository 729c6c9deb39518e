import FoundationEssentials
import HTTPTypes
import Hummingbird
package import Language
import Logging
import NIOCore

/// An OpenAI-compatible model server whose answers are in a file: no weights, no network, deterministic answers.
///
/// `GET /health`, `GET /v1/models`, `POST /v1/chat/completions` (plain and streamed), `POST /v1/embeddings`.
package struct ScriptedModel: Sendable {
    package static let chatModel = "llm"
    package static let embeddingModel = "embed"
    /// The model that shields use to check messages.
    package static let guardModel = "guard"

    private let script: ScriptFile

    /// - Parameter script: path of the file of rules; nil for the built-in behaviour alone.
    /// - Throws: `Diagnostics` when the file is missing or has mistakes.
    package init(script: String?) throws(Diagnostics) {
        self.script = try ScriptFile(script)
    }

    /// Serves on a port of 127.0.0.1 until the process is terminated.
    package func serve(port: Int) async throws {
        try await LoopbackServer.run(router, port: port, name: "drover-lab-model")
    }

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: OneRequestAConnection())
        router.get("/health") { _, _ in Response.json(["status": "OK"]) }
        router.get("/v1/models") { _, _ in Response.json(Self.models) }
        router.post("/v1/chat/completions") { request, _ in
            guard let chat: ChatRequest = try await request.read() else { return Response.badRequest }
            return try await answer(chat)
        }
        router.post("/v1/embeddings") { request, _ in
            guard let wanted: EmbeddingRequest = try await request.read() else { return Response.badRequest }
            return Response.json(wanted.response)
        }
        return router
    }

    private static var models: Value {
        let models = [chatModel, embeddingModel, guardModel].map { id -> Value in
            ["id": .string(id), "object": "model", "created": 0, "owned_by": "drover"]
        }
        return ["object": "list", "data": .array(models)]
    }

    private func answer(_ request: ChatRequest) async throws -> Response {
        let reply = script.reply(to: Conversation(request))
        if reply.delay > .zero { try await Task.sleep(for: reply.delay) }
        if case .fail(let status, let message) = reply.act { return .error(status, message) }
        let completion = ChatCompletion(
            reply, to: request, id: "chatcmpl-\(UUID().uuidString.lowercased())",
            created: Int(Date().timeIntervalSince1970))
        guard request.stream == true else { return .json(completion.whole) }
        return .events(completion.frames(withUsage: request.stream_options?.include_usage == true))
    }
}

/// `POST /v1/embeddings`.
struct EmbeddingRequest: Sendable, Decodable {
    let model: String
    /// One text or several.
    let input: Value
    /// `float` (default) or `base64`.
    let encoding_format: String?

    var response: Value {
        let texts = input.array?.map(\.interpolated) ?? [input.interpolated]
        let data = texts.enumerated().map { index, text -> Value in
            ["object": "embedding", "index": .integer(index), "embedding": encoded(Embedding.vector(of: text))]
        }
        let tokens = Value.integer(texts.reduce(0) { $0 + ($1.utf8.count + 3) / 4 })
        return [
            "object": "list", "model": .string(model), "data": .array(data),
            "usage": ["prompt_tokens": tokens, "total_tokens": tokens],
        ]
    }

    private func encoded(_ vector: [Float]) -> Value {
        encoding_format == "base64"
            ? .string(Embedding.base64(vector)) : .array(vector.map { .number(Double($0)) })
    }
}
