package import Language

extension LlamaStack {
    package var chatCompletions: ChatCompletions {
        ChatCompletions(endpoint: endpoint, path: "\(capabilities.openAIPrefix)/chat/completions")
    }

    /// `/v1/chat/completions`, on 0.2.x under `/v1/openai/v1`.
    package struct ChatCompletions: StreamedRoute {
        package let endpoint: Endpoint
        package let path: String
        package let streaming: [String: Value] = ["stream": true, "stream_options": ["include_usage": true]]
    }
}
