/// A failed request to a server, with all that is known about it: what was tried, where, and what the server said.
package struct WireError: Error, Sendable, Hashable {
    package enum Cause: Sendable, Hashable {
        /// No response: see `TransportFailure`.
        case transport(TransportFailure.Reason)
        /// A response with a status that is not a success.
        case status(Int)
        /// A success whose body is not what the route promises.
        case unreadable
        /// A stream that ended early or carried an error frame.
        case stream
    }

    package var cause: Cause
    /// `OGX`, `Llama Stack` or `MLflow`.
    package var service: String
    /// What was being done, verb first: `create the experiment`.
    package var operation: String
    package var method: HTTPRequest.Method
    /// The base URL of the server, without credentials.
    package var base: String
    /// Path without the query.
    package var path: String
    /// MLflow's `error_code`, e.g. `RESOURCE_ALREADY_EXISTS`; nil where there is none.
    package var code: String?
    /// The server's own message, truncated to 2,000 characters; empty when there was none.
    package var message: String
    /// How often the request was sent.
    package var attempts: Int
    /// How long the server asks to wait (`Retry-After`); nil where it does not say.
    package var retryAfter: Duration?

    package init(
        _ cause: Cause, service: String, operation: String, method: HTTPRequest.Method, base: String, path: String,
        code: String? = nil, message: String = "", attempts: Int = 1
    ) {
        self.cause = cause
        self.service = service
        self.operation = operation
        self.method = method
        self.base = base
        self.path = path
        self.code = code
        self.message = message
        self.attempts = attempts
    }

    /// The HTTP status, where a response arrived.
    package var status: Int? {
        guard case .status(let status) = cause else { return nil }
        return status
    }

    /// Whether the server takes no more requests for now, and wants this one later: 429, 503 with `Retry-After`, or
    /// what a server in between answers with another status, or in a stream, about a model's server that said so.
    package var isPutOff: Bool {
        switch cause {
        case .status(429): true
        case .status(503) where retryAfter != nil: true
        case .status, .stream: Self.putsOff(code)
        case .transport, .unreadable: false
        }
    }

    /// Whether the server did nothing for the request: it takes no more of them for now, or cannot be reached.
    package var isRefusal: Bool {
        switch cause {
        case _ where isPutOff: true
        case .transport(.unreachable), .status(503): true
        case .transport, .status, .unreadable, .stream: false
        }
    }

    /// Whether the code of an error says that the model's server takes no more requests for now.
    static func putsOff(_ code: String?) -> Bool {
        code == "429" || code == "rate_limit_exceeded"
    }
}
