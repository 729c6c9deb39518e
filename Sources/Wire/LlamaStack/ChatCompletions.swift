package import Language

extension LlamaStack {
    package var chatCompletions: ChatCompletions {
        ChatCompletions(endpoint: endpoint, path: "\(capabilities.openAIPrefix)/chat/completions")
    }

    /// `/v1/chat/completions`, on 0.2.x under `/v1/openai/v1`.
    package struct ChatCompletions: Sendable {
        let endpoint: Endpoint
        let path: String

        /// Asks for a completion and hands its chunks to `read` as they arrive. Never sent twice.
        ///
        /// - Parameters:
        ///   - body: the request; `stream` and the wish for the usage are added.
        ///   - timeout: until the stream begins, and then between two chunks.
        package func create<R: Sendable>(
            _ body: [String: Value], timeout: Duration,
            _ read: @Sendable (any AsyncSequence<ServerSentEvent, any Error>) async throws -> R
        ) async throws -> R {
            try await endpoint.events(call(body, timeout: timeout), read)
        }

        /// The error that a stream which broke off, or an error in it, is told as.
        package func broken(_ message: String, code: String? = nil) -> WireError {
            endpoint.error(.stream, call([:], timeout: .zero), code: code, message: message)
        }

        private func call(_ body: [String: Value], timeout: Duration) -> Call {
            let streaming: [String: Value] = ["stream": true, "stream_options": ["include_usage": true]]
            return Call(
                "ask the model", .post, path, body: .json(.object(body.merging(streaming) { $1 })), timeout: timeout,
                headers: [("accept", "text/event-stream")]
            ).reading
        }
    }
}
