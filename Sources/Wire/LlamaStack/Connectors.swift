extension LlamaStack {
    /// The MCP servers in the server's configuration: `GET /v1alpha/connectors` (0.5 and 0.6), `GET /v1beta/connectors`
    /// (0.7), `GET /v1alpha/admin/connectors` (OGX). None where there is no such route.
    package func connectors() async throws -> [Connector] {
        guard let path = capabilities.connectorsPath else { return [] }
        let listing: Listing<Connector> = try await endpoint.decode(Call("list the connectors", .get, path))
        return listing.data
    }

    /// The names of a connector's tools, which the server gets from its MCP server.
    package func tools(ofConnector id: String) async throws -> [String] {
        let path = "\(capabilities.connectorsPath ?? "/v1beta/connectors")/\(PercentEncoding.segment(id))/tools"
        let listing: Listing<ConnectorTool> = try await endpoint.decode(
            Call("list the tools of the connector", .get, path))
        return listing.data.map(\.name)
    }

    private struct ConnectorTool: Decodable {
        let name: String
    }

    /// An MCP server in the server's configuration.
    package struct Connector: Sendable, Hashable, Decodable {
        package let id: String
        /// nil when the server does not show it.
        package let url: String?

        private enum CodingKeys: String, CodingKey {
            case id = "connector_id"
            case url
        }
    }
}
