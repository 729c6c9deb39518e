import Language

/// A version of Llama Stack or OGX that a fake plays, and what the versions differ in.
package enum FakeStackVersion: String, Sendable, CaseIterable, CustomStringConvertible {
    case llamaStack0224 = "0.2.24"
    case llamaStack035 = "0.3.5"
    case llamaStack047 = "0.4.7"
    case llamaStack054 = "0.5.4"
    case llamaStack061 = "0.6.1"
    case llamaStack073 = "0.7.3"
    case ogx125 = "1.2.5"
    case ogx150 = "1.5.0"

    /// Those that were tried without being one of the tested ones.
    package static let untested: [FakeStackVersion] = [.llamaStack054, .llamaStack061, .ogx125]

    package var description: String { rawValue }

    private func isSince(_ other: FakeStackVersion) -> Bool {
        let all = FakeStackVersion.allCases
        return (all.firstIndex(of: self) ?? 0) >= (all.firstIndex(of: other) ?? 0)
    }

    /// The ids of the model that answers and of the one that embeds.
    package var models: (llm: String, embedding: String) {
        switch self {
        case .llamaStack0224: ("llm", "embed")
        case .llamaStack035, .llamaStack047, .llamaStack054, .llamaStack061, .llamaStack073:
            ("scripted/scripted-llm", "scripted/scripted-embed")
        case .ogx125, .ogx150: ("scripted/llm", "scripted/embed")
        }
    }

    package var registersModels: Bool { !isSince(.llamaStack073) }
    package var hasToolGroups: Bool { registersModels }
    package var hasShields: Bool { !isOGX }
    package var hasConnectors: Bool { isSince(.llamaStack054) }
    var isOGX: Bool { isSince(.ogx125) }
    /// Where its own agents are.
    package var agentPaths: [String] {
        switch self {
        case .llamaStack0224: ["/v1/agents"]
        case .llamaStack035: ["/v1alpha/agents", "/v1/agents"]
        case .llamaStack047, .llamaStack054, .llamaStack061, .llamaStack073, .ogx125, .ogx150: []
        }
    }

    var openAIPrefix: String { self == .llamaStack0224 ? "/v1/openai/v1" : "/v1" }
    var namesModelsAsGiven: Bool { self == .llamaStack0224 }
    /// Listings of models have OpenAI's shape.
    var listsAsOpenAI: Bool { isSince(.llamaStack047) }
    /// A registration that differs from what is there is refused; before, it is answered as if it had been done.
    var refusesConflicts: Bool { isSince(.llamaStack035) }
    /// A store needs the length of its vectors, and stays behind without metadata when it is not told.
    var wantsDimension: Bool { self == .llamaStack0224 }
    var attachesTwice: Bool { self == .llamaStack0224 }
    /// Stores show their model, expand chunking, and ingest nothing once the server's own keys are dropped.
    var keepsModelInMetadata: Bool { isSince(.llamaStack047) }
    var sanitizesNames: Bool { isOGX }
    /// `{"error": {"message": …}}`; before, `{"detail": …}`.
    var tellsErrorsInMessage: Bool { isSince(.llamaStack073) }

    /// Where the connectors are listed.
    var connectorsPath: String {
        isOGX ? "/v1alpha/admin/connectors" : isSince(.llamaStack073) ? "/v1beta/connectors" : "/v1alpha/connectors"
    }

    /// Of the fields of a request to the Responses API those that differ between versions, as their descriptions name them.
    private var responseFields: [String] {
        var fields = ["input", "temperature"]
        if isSince(.llamaStack035) { fields.append("guardrails") }
        if isSince(.llamaStack047) { fields.append("tool_choice") }
        if isSince(.llamaStack054) { fields.append("max_output_tokens") }
        if isSince(.llamaStack061) { fields.append("top_p") }
        return fields
    }

    /// As much of the OpenAPI description as says which routes there are, as recorded from the real one.
    var openAPI: Value {
        var paths: [String: [String]] = [
            "/v1/version": ["get"], "/v1/models": registersModels ? ["get", "post"] : ["get"],
            "\(openAIPrefix)/files": ["get", "post"], "\(openAIPrefix)/files/{file_id}": ["get", "delete"],
            "\(openAIPrefix)/files/{file_id}/content": ["get"], "\(openAIPrefix)/vector_stores": ["get", "post"],
            "\(openAIPrefix)/vector_stores/{vector_store_id}": ["get", "post", "delete"],
            "\(openAIPrefix)/vector_stores/{vector_store_id}/files": ["get", "post"],
            "\(openAIPrefix)/vector_stores/{vector_store_id}/search": ["post"],
            "\(openAIPrefix)/vector_stores/{vector_store_id}/files/{file_id}": ["get", "post", "delete"],
            "\(openAIPrefix)/responses": ["get", "post"], "\(openAIPrefix)/responses/{response_id}": ["get", "delete"],
            "\(openAIPrefix)/chat/completions": ["get", "post"], "/v1/prompts": ["get", "post"],
        ]
        if registersModels { paths["/v1/models/{model_id}"] = ["get", "delete"] }
        if hasShields {
            paths.merge(["/v1/shields": ["get", "post"], "/v1/shields/{identifier}": ["get", "delete"]]) { $1 }
        }
        if hasToolGroups {
            paths["/v1/toolgroups"] = ["get", "post"]
            paths["/v1/toolgroups/{toolgroup_id}"] = ["get", "delete"]
            paths["/v1/tools"] = ["get"]
        }
        for path in agentPaths {
            paths[path] = ["get", "post"]
            paths["\(path)/{agent_id}"] = ["get", "delete"]
        }
        if hasConnectors { paths[connectorsPath] = ["get"] }
        let fields = Dictionary(uniqueKeysWithValues: responseFields.map { ($0, Value.object([:])) })
        let responses: Value = ["properties": .object(fields)]
        let body: Value = ["requestBody": ["content": ["application/json": ["schema": responses]]]]
        return [
            "info": ["title": "FastAPI", "version": "0.1.0"],
            "paths": .object(
                Dictionary(
                    uniqueKeysWithValues: paths.map { path, verbs in
                        let isResponses = path == "\(openAIPrefix)/responses"
                        let operations = verbs.map { ($0, isResponses && $0 == "post" ? body : Value.object([:])) }
                        return (path, .object(Dictionary(uniqueKeysWithValues: operations)))
                    })),
        ]
    }
}
