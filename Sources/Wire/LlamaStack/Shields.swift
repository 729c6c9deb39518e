package import Language

extension LlamaStack {
    /// Shields, which look at questions and answers.
    package var shields: Shields {
        Shields(endpoint: endpoint)
    }

    /// `/v1/shields`, Llama Stack 0.2 to 0.7. A shield cannot be changed: it is taken off and registered again.
    package struct Shields: Sendable {
        let endpoint: Endpoint
        private static let path = "/v1/shields"

        /// All shields, in the server's order.
        package func list() async throws -> [Shield] {
            let listing: Listing<Shield> = try await endpoint.decode(Call("list the shields", .get, Self.path))
            return listing.data
        }

        /// Registers a shield. One that is there stays as it is, which 0.2 answers as if it had changed it: read it back.
        package func register(_ shield: Shield) async throws {
            var body: [String: Value] = [
                "shield_id": .string(shield.id), "provider_id": .string(shield.provider),
                "params": .object(shield.params),
            ]
            body["provider_shield_id"] = shield.providerShield.map(Value.string)
            _ = try await endpoint.send(
                Call("register the shield", .post, Self.path, body: .json(.object(body)), isRepeatable: true))
        }

        /// Takes a shield off the server; one that is not there is none to take off.
        package func unregister(_ id: String) async throws {
            try await endpoint.deleteIfPresent(
                Call("unregister the shield", .delete, "\(Self.path)/\(PercentEncoding.segment(id))"))
        }
    }

    /// A shield.
    package struct Shield: Sendable, Hashable, Identifiable, Decodable {
        package let id: String
        package let provider: String
        /// What the provider calls it; the server takes the id when it is not said.
        package let providerShield: String?
        /// What the provider is told beside.
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
