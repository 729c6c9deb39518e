package import Language

/// An agent behind the HTTP contract of MLflow's ResponsesAgent, `POST /invocations`: `mlflow models serve` and
/// AgentServer (read from MLflow 3.18.0 and 3.17.2), or `drover serve`.
package struct ServedAgent: Sendable {
    /// The name of such a server in messages.
    package static let service = "the served agent"

    package let endpoint: Endpoint
    private static let path = "/invocations"

    /// - Parameter endpoint: its base may end in `/invocations`.
    package init(_ endpoint: Endpoint) {
        var endpoint = endpoint
        if endpoint.base.hasSuffix(Self.path) { endpoint.base.removeLast(Self.path.count) }
        endpoint.service = Self.service
        self.endpoint = endpoint
    }

    /// Asks the agent, and hands what it answers to `read`: events as they arrive, or all at once where the server does
    /// not stream (`mlflow models serve`). Never sent twice.
    ///
    /// - Parameters:
    ///   - body: the request; `stream` is added.
    ///   - timeout: until the answer begins, and then between two events.
    package func invoke<R: Sendable>(
        _ body: [String: Value], timeout: Duration, _ read: @Sendable (StreamedReply) async throws -> R
    ) async throws -> R {
        try await endpoint.reply(call(body, timeout: timeout), read)
    }

    /// The error that a stream which broke off, or an error in it, is told as.
    package func broken(_ message: String, code: String? = nil) -> WireError {
        endpoint.error(.stream, call([:], timeout: .zero), code: code, message: message)
    }

    /// The error that an answer which is none of an agent's is told as.
    package func unreadable(_ problem: String) -> WireError {
        endpoint.error(.unreadable, call([:], timeout: .zero), message: problem)
    }

    private func call(_ body: [String: Value], timeout: Duration) -> Call {
        Call(
            "ask the agent", .post, Self.path, body: .json(.object(body.merging(["stream": true]) { $1 })),
            timeout: timeout, headers: [("accept", "text/event-stream, application/json")]
        ).reading
    }
}
