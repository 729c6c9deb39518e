package import Language

/// A route of a server that answers a question to a model with a stream.
package protocol StreamedRoute: Sendable {
    var endpoint: Endpoint { get }
    var path: String { get }
    /// What the body of a request says so that its answer is streamed.
    var streaming: [String: Value] { get }
}

extension StreamedRoute {
    /// Puts a question and hands the events of the answer to `read` as they arrive. Never sent twice.
    ///
    /// - Parameters:
    ///   - body: the request, without what makes it stream.
    ///   - secrets: what in the body is secret.
    ///   - timeout: until the stream begins, and then between two events.
    package func create<R: Sendable>(
        _ body: [String: Value], secrets: [Secret] = [], timeout: Duration,
        _ read: @Sendable (any AsyncSequence<ServerSentEvent, any Error>) async throws -> R
    ) async throws -> R {
        var call = call(body, timeout: timeout)
        call.secrets = secrets
        return try await endpoint.events(call, read)
    }

    /// The error that a stream which broke off, or an error in it, is told as.
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
