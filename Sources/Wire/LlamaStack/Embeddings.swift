import Language

extension LlamaStack {
    /// The dimension of an embedding model's vectors, determined by embedding a word: `POST /v1/embeddings` (0.2.x
    /// `/v1/openai/v1/embeddings`).
    package func dimension(ofVectorsOf model: String) async throws -> Int {
        let call = Call(
            "embed a word", .post, "\(capabilities.openAIPrefix)/embeddings",
            body: .json(["model": .string(model), "input": ["drover"]]), isRepeatable: true
        ).reading
        let answer: Vectors = try await endpoint.decode(call)
        guard let vector = answer.data.first?.embedding, !vector.isEmpty else {
            throw endpoint.error(.unreadable, call, message: "the answer has no vector")
        }
        return vector.count
    }

    private struct Vectors: Decodable {
        struct Entry: Decodable {
            let embedding: [Double]
        }
        let data: [Entry]
    }
}
