package import Language

extension LlamaStack {
    package var responses: Responses {
        Responses(endpoint: endpoint, path: "\(capabilities.openAIPrefix)/responses")
    }

    /// `/v1/responses`, on 0.2.x under `/v1/openai/v1`.
    package struct Responses: StreamedRoute {
        package let endpoint: Endpoint
        package let path: String
        package let streaming: [String: Value] = ["stream": true]

        /// Deletes a stored response; a missing one is no error.
        package func delete(_ id: String) async throws {
            try await endpoint.deleteIfPresent(
                Call(
                    "delete the response", .delete, "\(path)/\(PercentEncoding.segment(id))", isRepeatable: false,
                    timeout: .seconds(3))
            )
        }
    }
}
