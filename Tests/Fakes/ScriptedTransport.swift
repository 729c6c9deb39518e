import NIOCore
import Synchronization
package import Wire

/// Answers requests from a list, in order, and remembers them; a missing answer is a refused connection.
package final class ScriptedTransport: HTTPTransport {
    package enum Step: Sendable {
        case response(HTTPResponse)
        case failure(TransportFailure)
        /// A streamed body, and the failure that it ends with, if any.
        case stream([[UInt8]], TransportFailure? = nil)
    }

    private struct State {
        var steps: [Step]
        var requests: [HTTPRequest] = []
    }

    private let state: Mutex<State>

    package init(_ steps: [Step]) {
        state = Mutex(State(steps: steps))
    }

    /// What was sent, in order.
    package var requests: [HTTPRequest] {
        state.withLock { $0.requests }
    }

    private func next(_ request: HTTPRequest) -> Step {
        state.withLock { state in
            state.requests.append(request)
            return state.steps.isEmpty
                ? .failure(TransportFailure(.unreachable, "connection refused")) : state.steps.removeFirst()
        }
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        switch next(request) {
        case .response(let response): return response
        case .failure(let failure): throw failure
        case .stream(let chunks, let failure):
            if let failure { throw failure }
            return HTTPResponse(status: 200, body: chunks.flatMap { $0 })
        }
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        switch next(request) {
        case .response(let response):
            let head = HTTPResponse(status: response.status, headers: response.headers)
            return try await read(head, Self.chunks([response.body]))
        case .failure(let failure): throw failure
        case .stream(let chunks, let failure):
            let head = HTTPResponse(status: 200, headers: [("content-type", "text/event-stream")])
            return try await read(head, Self.chunks(chunks, failure))
        }
    }

    /// A sequence of chunks that ends with a failure, if there is one.
    package static func chunks(
        _ chunks: [[UInt8]], _ failure: TransportFailure? = nil
    ) -> ResponseChunks {
        ResponseChunks(
            AsyncThrowingStream { continuation in
                for chunk in chunks { continuation.yield(ByteBuffer(bytes: chunk)) }
                continuation.finish(throwing: failure)
            })
    }
}

extension ScriptedTransport.Step {
    /// A JSON answer that is a success.
    package static func json(_ text: String) -> Self {
        .json(200, text)
    }

    /// A JSON answer.
    package static func json(_ status: Int, _ text: String, headers: [(name: String, value: String)] = []) -> Self {
        .response(
            HTTPResponse(
                status: status, headers: [("content-type", "application/json")] + headers, body: Array(text.utf8))
        )
    }

    /// A web page.
    package static func page(_ status: Int, _ text: String) -> Self {
        .response(HTTPResponse(status: status, headers: [("content-type", "text/html")], body: Array(text.utf8)))
    }
}
