extension LlamaStack {
    /// The providers in the server's configuration, `GET /v1/providers`, all versions.
    package func providers() async throws -> [Provider] {
        try await endpoint.providers()
    }

    /// One provider of one API.
    package struct Provider: Sendable, Hashable, Identifiable, Decodable {
        /// `vector_io`, `inference`, `safety`, `tool_runtime`, …
        package let api: String
        package let id: String
        /// Such as `inline::faiss`.
        package let type: String

        private enum CodingKeys: String, CodingKey {
            case api
            case id = "provider_id"
            case type = "provider_type"
        }
    }
}

extension Endpoint {
    func providers() async throws -> [LlamaStack.Provider] {
        let listing: LlamaStack.Listing<LlamaStack.Provider> = try await decode(
            Call("list the providers", .get, "/v1/providers"))
        return listing.data
    }
}
