package import Language

/// A route of a server that answers a question to a model with a stream.
package protocol StreamedRoute: Sendable {
    var endpoint: Endpoint { get }
    var path: String { get }
    /// The fields of a request that make its response a stream.
    var streaming: [String: Value] { get }
}

extension StreamedRoute {
    /// Sends a request, and passes the events of the response to `read` as they arrive. Never repeated.
    ///
    /// - Parameters:
    ///   - body: the request, without `streaming`.
    ///   - secrets: the secrets in the body.
    ///   - timeout: until the stream begins, and then between two events.
    package func create<R: Sendable>(
        _ body: [String: Value], secrets: [Secret] = [], timeout: Duration,
        _ read: @Sendable (any AsyncSequence<ServerSentEvent, any Error>) async throws -> R
    ) async throws -> R {
        var call = call(body, timeout: timeout)
        call.secrets = secrets
        return try await endpoint.events(call, read)
    }

    /// The same with the frames of the response.
    ///
    /// - Parameter keeping: The bytes that frames keep of a text that they repeat; nil for all.
    package func relay<R: Sendable>(
        _ body: [String: Value], secrets: [Secret] = [], timeout: Duration, keeping length: Int?,
        _ read: @Sendable (ServerFrames) async throws -> R
    ) async throws -> R {
        var call = call(body, timeout: timeout)
        call.secrets = secrets
        return try await endpoint.frames(call, keeping: length, read)
    }

    /// The error for a stream that broke off or contains an error.
    package func broken(_ message: String, code: String? = nil) -> WireError {
        endpoint.error(.stream, call([:], timeout: .zero), code: code, message: message)
    }

    private func call(_ body: [String: Value], timeout: Duration) -> Call {
        Call(
            "ask the model", .post, path, body: .json(.object(body.merging(streaming) { $1 })), timeout: timeout,
            headers: [("accept", "text/event-stream")]
        ).reading
    }
}
