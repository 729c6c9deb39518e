package import Language

extension LlamaStack {
    /// The field of provider data with the headers for MCP servers, by their URL.
    package static let mcpHeaders = "mcp_headers"
    static let providerDataHeaders = ["X-LlamaStack-Provider-Data", "X-OGX-Provider-Data"]

    /// The same server, with additional headers for MCP servers in every request.
    ///
    /// - Parameters:
    ///   - headers: by the URL of the MCP server.
    ///   - secrets: the secrets among the values.
    package func telling(mcpHeaders headers: [String: Value], secrets: [Secret]) -> LlamaStack {
        var server = self
        server.endpoint.addProviderData(
            [Self.mcpHeaders: .object(headers)], in: Self.providerDataHeaders, secrets: secrets)
        return server
    }
}
