extension LlamaStack {
    /// The models that the server offers.
    package var models: Models {
        Models(endpoint: endpoint)
    }

    /// `GET /v1/models`; OpenAI's shape since 0.3, Llama Stack's own before.
    package struct Models: Sendable {
        let endpoint: Endpoint

        /// All models, in the server's order.
        package func list() async throws -> [Model] {
            let listing: Listing = try await endpoint.decode(Call("list the models", .get, "/v1/models"))
            return listing.data
        }

        private struct Listing: Decodable {
            let data: [Model]
        }
    }

    /// A model as a listing shows it.
    package struct Model: Sendable, Hashable, Identifiable, Decodable {
        /// What requests name it by, e.g. `scripted/llm`.
        package let id: String
        /// `llm` or `embedding`; nil when the server does not tell. Models that OGX found by itself are all `llm`.
        package let type: String?
        package let provider: String?
        /// Of the vectors of an embedding model.
        package let embeddingDimension: Int?

        private enum CodingKeys: String, CodingKey {
            case id, identifier, metadata
            case type = "model_type"
            case provider = "provider_id"
            case custom = "custom_metadata"
        }

        private struct Metadata: Decodable {
            var type: String?
            var provider: String?
            var dimension: Int?

            private enum CodingKeys: String, CodingKey {
                case type = "model_type"
                case provider = "provider_id"
                case dimension = "embedding_dimension"
            }
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let metadata =
                try fields.decodeIfPresent(Metadata.self, forKey: .custom)
                ?? fields.decodeIfPresent(Metadata.self, forKey: .metadata)
            id =
                try fields.decodeIfPresent(String.self, forKey: .identifier)
                ?? fields.decode(String.self, forKey: .id)
            type = try fields.decodeIfPresent(String.self, forKey: .type) ?? metadata?.type
            provider = try fields.decodeIfPresent(String.self, forKey: .provider) ?? metadata?.provider
            embeddingDimension = metadata?.dimension
        }
    }
}
