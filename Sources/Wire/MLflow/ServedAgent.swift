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

    /// Asks the agent, and passes its answer to `read`: events as they arrive, or the whole answer when the server does
    /// not stream (`mlflow models serve`). Never repeated.
    ///
    /// - Parameters:
    ///   - body: the request; `stream` is added.
    ///   - timeout: until the answer begins, and then between two events.
    package func invoke<R: Sendable>(
        _ body: [String: Value], timeout: Duration, _ read: @Sendable (StreamedReply) async throws -> R
    ) async throws -> R {
        try await endpoint.reply(call(body, timeout: timeout), read)
    }

    /// The error for a stream that broke off or contains an error.
    package func broken(_ message: String, code: String? = nil) -> WireError {
        endpoint.error(.stream, call([:], timeout: .zero), code: code, message: message)
    }

    /// The error for a response that is not an agent's answer.
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
