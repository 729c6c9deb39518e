/// Follows redirects by the rules of `Redirection`, for clients that send all their requests through one transport.
package struct FollowingTransport: HTTPTransport {
    private let transport: any HTTPTransport

    package init(_ transport: any HTTPTransport) {
        self.transport = transport
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var next = request
        for _ in 0...Redirection.most {
            let response = try await transport.send(next)
            guard let redirection = try Redirection(of: next, by: response) else { return response }
            next = redirection.request
        }
        throw Redirection.endless(at: next)
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        try await transport.streamFollowing(request, read)
    }
}
