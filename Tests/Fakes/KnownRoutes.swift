package import Language
package import Wire

/// The routes that decide what a server of a version can do, as recorded from the real ones.
package enum KnownRoutes {
    /// The OpenAPI description of a version, as far as it says which routes there are.
    package static func description(of version: String) -> Value {
        let paths = routes(of: version).map { ($0, Value.object(["get": [:], "post": [:]])) }
        return ["info": ["title": "FastAPI", "version": "0.1.0"], "paths": .object(Dictionary(paths) { $1 })]
    }

    /// A server of a version that nothing else can be asked of.
    package static func server(_ version: String) async throws -> LlamaStack {
        let transport = ScriptedTransport([
            .json(#"{"version":"\#(version)"}"#), .json(description(of: version).canonicalJSON),
        ])
        return try await LlamaStack.connect(
            to: Endpoint(service: "Llama Stack", base: "http://llamastack", transport: transport))
    }

    private static func routes(of version: String) -> [String] {
        switch version {
        case "0.2.24":
            [
                "/v1/agents", "/v1/models", "/v1/shields", "/v1/toolgroups", "/v1/prompts",
                "/v1/openai/v1/responses", "/v1/openai/v1/chat/completions", "/v1/openai/v1/vector_stores",
                "/v1/openai/v1/files",
            ]
        case "0.3.5":
            ["/v1alpha/agents", "/v1/agents", "/v1/models", "/v1/shields", "/v1/toolgroups", "/v1/prompts"] + current
        case "0.4.7": ["/v1/models", "/v1/shields", "/v1/toolgroups", "/v1/prompts"] + current
        case "0.7.3": ["/v1/shields", "/v1/prompts", "/v1beta/connectors"] + current
        case _: ["/v1/prompts", "/v1alpha/admin/connectors"] + current
        }
    }

    private static let current = ["/v1/responses", "/v1/chat/completions", "/v1/vector_stores", "/v1/files"]
}
