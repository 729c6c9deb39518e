import Language

extension LlamaStack {
    /// Tool groups, among them those of MCP servers.
    package var toolGroups: ToolGroups {
        ToolGroups(endpoint: endpoint)
    }

    /// `/v1/toolgroups`, Llama Stack 0.2 to 0.6. A group cannot be changed: it is unregistered and registered again.
    package struct ToolGroups: Sendable {
        let endpoint: Endpoint
        private static let path = "/v1/toolgroups"

        /// All groups, in the server's order.
        package func list() async throws -> [ToolGroup] {
            let listing: Listing<ToolGroup> = try await endpoint.decode(Call("list the tool groups", .get, Self.path))
            return listing.data
        }

        /// Registers the tools of an MCP server, which is not contacted for that. An existing group stays unchanged,
        /// although 0.2 answers as if it had been changed: read it back.
        package func register(_ id: String, provider: String, endpoint url: String) async throws {
            let body: Value = [
                "toolgroup_id": .string(id), "provider_id": .string(provider), "mcp_endpoint": ["uri": .string(url)],
            ]
            _ = try await endpoint.send(
                Call("register the tool group", .post, Self.path, body: .json(body), isRepeatable: true))
        }

        /// Unregisters a group; a missing one is no error.
        package func unregister(_ id: String) async throws {
            try await endpoint.deleteIfPresent(
                Call("unregister the tool group", .delete, "\(Self.path)/\(PercentEncoding.segment(id))"))
        }

        /// The names of a group's tools, which the server gets from the MCP server; empty when that cannot be reached:
        /// Llama Stack does not report the reason.
        package func tools(of id: String) async throws -> [String] {
            let listing: Listing<Tool> = try await endpoint.decode(
                Call("list the tools of the tool group", .get, "/v1/tools", query: [("toolgroup_id", id)]))
            return listing.data.map(\.name)
        }

        /// The id of the provider for MCP servers, `GET /v1/providers`; nil when there is none.
        package func mcpProvider() async throws -> String? {
            try await endpoint.providers().first {
                $0.api == "tool_runtime" && $0.type == "remote::model-context-protocol"
            }?.id
        }

        private struct Tool: Decodable {
            let name: String

            private enum CodingKeys: String, CodingKey {
                case name, identifier
            }

            /// 0.2 calls a tool's name its identifier.
            init(from decoder: any Decoder) throws {
                let fields = try decoder.container(keyedBy: CodingKeys.self)
                name =
                    try fields.decodeIfPresent(String.self, forKey: .name)
                    ?? fields.decode(String.self, forKey: .identifier)
            }
        }
    }

    /// A group of tools.
    package struct ToolGroup: Sendable, Hashable, Identifiable, Decodable {
        package let id: String
        package let provider: String
        /// The address of its MCP server; nil when it has none.
        package let endpoint: String?

        private struct Endpoint: Decodable {
            let uri: String?
        }

        private enum CodingKeys: String, CodingKey {
            case id = "identifier"
            case provider = "provider_id"
            case endpoint = "mcp_endpoint"
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decode(String.self, forKey: .id)
            provider = try fields.decodeIfPresent(String.self, forKey: .provider) ?? ""
            endpoint = try fields.decodeIfPresent(Endpoint.self, forKey: .endpoint)?.uri
        }
    }
}
