package import Language

extension LlamaStack {
    package var responses: Responses {
        Responses(endpoint: endpoint, path: "\(capabilities.openAIPrefix)/responses")
    }

    /// `/v1/responses`, OGX 1.5.
    package struct Responses: Sendable {
        let endpoint: Endpoint
        let path: String

        /// Asks for a response and hands its events to `read` as they arrive. Never sent twice.
        ///
        /// - Parameters:
        ///   - body: the request; `stream` is added.
        ///   - timeout: until the stream begins, and then between two events.
        package func create<R: Sendable>(
            _ body: [String: Value], timeout: Duration,
            _ read: @Sendable (any AsyncSequence<ServerSentEvent, any Error>) async throws -> R
        ) async throws -> R {
            try await endpoint.events(call(body, timeout: timeout), read)
        }

        /// Deletes a stored response; one that is not there is none to delete.
        package func delete(_ id: String) async throws {
            try await endpoint.deleteIfPresent(
                Call("delete the response", .delete, "\(path)/\(PercentEncoding.segment(id))")
            )
        }

        /// The error that a stream which broke off, or an error in it, is told as.
        package func broken(_ message: String, code: String? = nil) -> WireError {
            endpoint.error(.stream, call([:], timeout: .zero), code: code, message: message)
        }

        private func call(_ body: [String: Value], timeout: Duration) -> Call {
            Call(
                "ask the model", .post, path, body: .json(.object(body.merging(["stream": true]) { $1 })),
                timeout: timeout, headers: [("accept", "text/event-stream")]
            ).reading
        }
    }
}
