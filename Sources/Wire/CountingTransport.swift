import Synchronization

/// Counts the requests that pass through it; each attempt counts.
package final class CountingTransport: HTTPTransport {
    private let transport: any HTTPTransport
    private let number = Mutex(0)

    package init(_ transport: any HTTPTransport) {
        self.transport = transport
    }

    /// How many requests were sent so far.
    package var count: Int {
        number.withLock { $0 }
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        number.withLock { $0 += 1 }
        return try await transport.send(request)
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        number.withLock { $0 += 1 }
        return try await transport.stream(request, read)
    }
}
