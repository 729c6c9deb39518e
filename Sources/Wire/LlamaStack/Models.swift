package import Language

extension LlamaStack {
    /// The models that the server offers.
    package var models: Models {
        Models(endpoint: endpoint)
    }

    /// `/v1/models`. A listing has OpenAI's shape since 0.4, Llama Stack's own before; models are registered up to 0.6.
    package struct Models: Sendable {
        let endpoint: Endpoint
        private static let path = "/v1/models"

        /// The fields of a registration.
        package struct Draft: Sendable, Hashable {
            /// Ignored by 0.3 and later, see `Capabilities.modelNaming`.
            package var id: String
            package var provider: String
            package var providerModel: String
            /// `llm` or `embedding`.
            package var type: String
            package var metadata: [String: Value]

            package init(
                id: String, provider: String, providerModel: String, type: String, metadata: [String: Value] = [:]
            ) {
                self.id = id
                self.provider = provider
                self.providerModel = providerModel
                self.type = type
                self.metadata = metadata
            }
        }

        /// All models, in the server's order.
        package func list() async throws -> [Model] {
            let listing: Listing<Model> = try await endpoint.decode(Call("list the models", .get, Self.path))
            return listing.data
        }

        /// Registers a model. An existing one stays unchanged, although 0.2 answers as if it had been changed: read it
        /// back.
        package func register(_ draft: Draft) async throws {
            let body: Value = [
                "model_id": .string(draft.id), "provider_id": .string(draft.provider),
                "provider_model_id": .string(draft.providerModel), "model_type": .string(draft.type),
                "metadata": .object(draft.metadata),
            ]
            _ = try await endpoint.send(
                Call("register the model", .post, Self.path, body: .json(body), isRepeatable: true))
        }

        /// Unregisters a model; a missing one is no error.
        package func unregister(_ id: String) async throws {
            try await endpoint.deleteIfPresent(
                Call("unregister the model", .delete, "\(Self.path)/\(PercentEncoding.path(id))"))
        }
    }

    /// A model as a listing shows it.
    package struct Model: Sendable, Hashable, Identifiable, Decodable {
        /// Its name in requests, e.g. `scripted/llm`.
        package let id: String
        /// `llm` or `embedding`; nil when the server does not say. Models that OGX discovered are all `llm`.
        package let type: String?
        package let provider: String?
        /// The provider's name for it; nil when the server does not say.
        package let providerModel: String?
        /// As registered, without what the server adds.
        package let metadata: [String: Value]

        /// Of the vectors of an embedding model.
        package var embeddingDimension: Int? {
            metadata["embedding_dimension"].flatMap { $0.integer ?? $0.string.flatMap { Int($0) } }
        }

        private enum CodingKeys: String, CodingKey {
            case id, identifier, metadata
            case type = "model_type"
            case provider = "provider_id"
            case providerModel = "provider_resource_id"
            case custom = "custom_metadata"
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let custom = try fields.decodeIfPresent([String: Value].self, forKey: .custom)
            let metadata = try custom ?? fields.decodeIfPresent([String: Value].self, forKey: .metadata) ?? [:]
            let own = [CodingKeys.type, .provider, .providerModel].map(\.rawValue)
            func told(_ key: CodingKeys) throws -> String? {
                try fields.decodeIfPresent(String.self, forKey: key) ?? metadata[key.rawValue]?.string
            }
            id =
                try fields.decodeIfPresent(String.self, forKey: .identifier)
                ?? fields.decode(String.self, forKey: .id)
            type = try told(.type)
            provider = try told(.provider)
            providerModel = try told(.providerModel)
            self.metadata = custom == nil ? metadata : metadata.filter { !own.contains($0.key) }
        }
    }

    /// A list without pages: `{"data": […]}`.
    struct Listing<Item: Decodable & Sendable>: Decodable, Sendable {
        let data: [Item]
    }
}
