package import Language

extension LlamaStack {
    /// Shields, which check questions and answers.
    package var shields: Shields {
        Shields(endpoint: endpoint)
    }

    /// `/v1/shields`, Llama Stack 0.2 to 0.7. A shield cannot be changed: it is unregistered and registered again.
    package struct Shields: Sendable {
        let endpoint: Endpoint
        private static let path = "/v1/shields"

        /// All shields, in the server's order.
        package func list() async throws -> [Shield] {
            let listing: Listing<Shield> = try await endpoint.decode(Call("list the shields", .get, Self.path))
            return listing.data
        }

        /// Registers a shield. An existing one stays unchanged, although 0.2 answers as if it had been changed: read it
        /// back.
        package func register(_ shield: Shield) async throws {
            var body: [String: Value] = [
                "shield_id": .string(shield.id), "provider_id": .string(shield.provider),
                "params": .object(shield.params),
            ]
            body["provider_shield_id"] = shield.providerShield.map(Value.string)
            _ = try await endpoint.send(
                Call("register the shield", .post, Self.path, body: .json(.object(body)), isRepeatable: true))
        }

        /// Unregisters a shield; a missing one is no error.
        package func unregister(_ id: String) async throws {
            try await endpoint.deleteIfPresent(
                Call("unregister the shield", .delete, "\(Self.path)/\(PercentEncoding.segment(id))"))
        }
    }

    /// A shield.
    package struct Shield: Sendable, Hashable, Identifiable, Decodable {
        package let id: String
        package let provider: String
        /// The provider's name for it; the server uses the id when it is nil.
        package let providerShield: String?
        /// Additional parameters for the provider.
        package let params: [String: Value]

        package init(id: String, provider: String, providerShield: String? = nil, params: [String: Value] = [:]) {
            self.id = id
            self.provider = provider
            self.providerShield = providerShield
            self.params = params
        }

        private enum CodingKeys: String, CodingKey {
            case params
            case id = "identifier"
            case provider = "provider_id"
            case providerShield = "provider_resource_id"
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decode(String.self, forKey: .id)
            provider = try fields.decodeIfPresent(String.self, forKey: .provider) ?? ""
            providerShield = try fields.decodeIfPresent(String.self, forKey: .providerShield)
            params = try fields.decodeIfPresent([String: Value].self, forKey: .params) ?? [:]
        }
    }
}
