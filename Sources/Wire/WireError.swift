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
}
