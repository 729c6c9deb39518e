package import Language

/// One request to a server, as a route group describes it.
package struct Call: Sendable {
    package enum Body: Sendable {
        case none
        case json(Value)
        case bytes([UInt8], contentType: String)
        case file(FileBody, contentType: String)
    }

    /// Whether a call may change declared objects, the ones that plans are about.
    package enum Effect: Sendable, Hashable {
        /// Changes none of them. A question to a model, a tool or a shield is such a call.
        case reads
        case changes
    }

    /// What is being done, verb first, for messages: `list the vector stores`.
    package var operation: String
    package var method: HTTPRequest.Method
    /// From the server's root, percent-encoded: `/v1/vector_stores`.
    package var path: String
    /// Encoded by the endpoint.
    package var query: [(name: String, value: String)]
    package var body: Body
    /// Whether the call is idempotent: sending it twice has the same effect as sending it once.
    package var isRepeatable: Bool
    /// Derived from the method: only GET reads, unless `reading` is used.
    package var effect: Effect
    /// Overrides the endpoint's own time limit.
    package var timeout: Duration?
    /// The total time limit of a stream; nil for 30 times its time limit, and at least ten minutes.
    package var wholeTimeout: Duration?
    package var headers: [(name: String, value: String)]
    /// The secrets in the body or the headers.
    package var secrets: [Secret] = []

    package init(
        _ operation: String,
        _ method: HTTPRequest.Method,
        _ path: String,
        query: [(name: String, value: String)] = [],
        body: Body = .none,
        isRepeatable: Bool? = nil,
        timeout: Duration? = nil,
        headers: [(name: String, value: String)] = []
    ) {
        self.operation = operation
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.isRepeatable = isRepeatable ?? (method == .get || method == .delete || method == .put)
        effect = method == .get ? .reads : .changes
        self.timeout = timeout
        self.headers = headers
    }
}

extension Call {
    /// The same call, known to change nothing although its method may.
    package var reading: Call {
        var call = self
        call.effect = .reads
        return call
    }
}
