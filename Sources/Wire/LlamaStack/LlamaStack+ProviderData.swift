package import Language

extension LlamaStack {
    static let providerDataHeaders = ["X-LlamaStack-Provider-Data", "X-OGX-Provider-Data"]

    /// The same server, told more with every request: fields of the provider data (`{"mcp_headers": …}`), which are
    /// secret, beside those that it is told already.
    package func telling(providerData: [String: Value]) -> LlamaStack {
        var server = self
        server.endpoint.addProviderData(providerData, in: Self.providerDataHeaders)
        return server
    }
}
