package import Language

extension LlamaStack {
    /// The field of provider data with the headers of MCP servers, by their URL.
    package static let mcpHeaders = "mcp_headers"
    static let providerDataHeaders = ["X-LlamaStack-Provider-Data", "X-OGX-Provider-Data"]

    /// The same server, told more with every request: headers of MCP servers, beside what it is told already.
    ///
    /// - Parameters:
    ///   - headers: by the URL of the MCP server.
    ///   - secrets: the values among them that are secret.
    package func telling(mcpHeaders headers: [String: Value], secrets: [Secret]) -> LlamaStack {
        var server = self
        server.endpoint.addProviderData(
            [Self.mcpHeaders: .object(headers)], in: Self.providerDataHeaders, secrets: secrets)
        return server
    }
}
