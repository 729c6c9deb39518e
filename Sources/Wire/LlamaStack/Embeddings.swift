import Language

extension LlamaStack {
    /// The vectors of texts by an embedding model, in their order: `POST /v1/embeddings` (0.2.x
    /// `/v1/openai/v1/embeddings`).
    package func embeddings(of texts: [String], by model: String) async throws -> [[Double]] {
        let call = Call(
            "embed text", .post, "\(capabilities.openAIPrefix)/embeddings",
            body: .json(["model": .string(model), "input": .array(texts.map(Value.string))]), isRepeatable: true
        ).reading
        let answer: Vectors = try await endpoint.decode(call)
        let entries = answer.data.enumerated().sorted {
            ($0.element.index ?? $0.offset) < ($1.element.index ?? $1.offset)
        }
        let vectors = entries.map(\.element.embedding)
        guard vectors.count == texts.count, vectors.allSatisfy({ !$0.isEmpty }) else {
            throw endpoint.error(.unreadable, call, message: "the answer has no vector for each text")
        }
        return vectors
    }

    /// The dimension of an embedding model's vectors, determined by embedding a word.
    package func dimension(ofVectorsOf model: String) async throws -> Int {
        try await embeddings(of: ["drover"], by: model).reduce(0) { max($0, $1.count) }
    }

    private struct Vectors: Decodable {
        struct Entry: Decodable {
            let index: Int?
            let embedding: [Double]
        }
        let data: [Entry]
    }
}
