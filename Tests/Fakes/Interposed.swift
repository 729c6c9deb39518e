package import Wire

/// Does something of its own around some requests to a fake.
package struct Interposed: HTTPTransport {
    package typealias Send = @Sendable () async throws -> HTTPResponse
    private let server: FakeMLflow
    private let around: @Sendable (HTTPRequest, Send) async throws -> HTTPResponse

    package init(_ server: FakeMLflow, _ around: @escaping @Sendable (HTTPRequest, Send) async throws -> HTTPResponse) {
        self.server = server
        self.around = around
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await around(request) { try await server.send(request) }
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        try await server.stream(request, read)
    }

    package var mlflow: MLflowServer {
        MLflowServer(Endpoint(service: "MLflow", base: FakeMLflow.base, transport: self, retry: .never))
    }
}
