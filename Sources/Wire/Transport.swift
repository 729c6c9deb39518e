package import Language

/// A complete HTTP request.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable, Hashable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package enum Body: Sendable, Hashable {
        case bytes([UInt8])
        /// Read while it is sent, and never in memory as a whole.
        case file(FileBody)

        /// The whole body, for transports that cannot stream.
        /// - Throws: `FileBody.Failure` when the file has changed.
        package func collected() throws -> [UInt8] {
            switch self {
            case .bytes(let bytes): bytes
            case .file(let body): try body.collected()
            }
        }
    }

    package var method: Method
    /// Absolute, percent-encoded.
    package var url: String
    package var headers: [(name: String, value: String)]
    /// Sent as a header, kept apart so that no description of the request can show it.
    package var authorization: Secret?
    /// Other headers whose values are secret, such as provider data.
    package var secretHeaders: [(name: String, value: Secret)]
    package var body: Body?
    /// The time limit for the whole exchange; when streaming, until the head and then between two chunks or events.
    package var timeout: Duration
    /// The time limit for the whole exchange when streaming.
    package var wholeTimeout: Duration

    package init(
        _ method: Method,
        _ url: String,
        headers: [(name: String, value: String)] = [],
        authorization: Secret? = nil,
        secretHeaders: [(name: String, value: Secret)] = [],
        body: [UInt8]? = nil,
        timeout: Duration = .seconds(30),
        wholeTimeout: Duration = .seconds(3600)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.authorization = authorization
        self.secretHeaders = secretHeaders
        self.body = body.map { .bytes($0) }
        self.timeout = timeout
        self.wholeTimeout = wholeTimeout
    }
}

/// A complete HTTP response.
package struct HTTPResponse: Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header of a name in lower case; nil when there is none.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}

/// Sends each request once: `Endpoint` decides about retries.
///
/// - Throws: `TransportFailure` when no response arrived; `FileBody.Failure` when a file to be sent has changed;
///   `CancellationError` when the task was cancelled.
package protocol HTTPTransport: Sendable {
    /// Sends a request and reads the whole body (at most 256 MiB).
    func send(_ request: HTTPRequest) async throws -> HTTPResponse

    /// Sends a request, and passes the head (with an empty body) and the arriving chunks to `read`. When `read` returns
    /// or throws, the connection is closed, which cancels the exchange. Nothing is read in advance.
    func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result
}

/// Why no response arrived.
package struct TransportFailure: Error, Sendable, Hashable {
    package enum Reason: Sendable, Hashable {
        /// Nothing listens there, or the name is unknown: the request was certainly not executed.
        case unreachable
        /// The open-file limit of this process is reached: certainly not executed.
        case tooManyOpenFiles
        /// A certificate or protocol error while connecting: certainly not executed.
        case tls
        /// No answer in time: it may have been executed.
        case timeout
        /// The connection broke after the request began: it may have been executed.
        case broken
    }

    package var reason: Reason
    /// The underlying cause in user words, e.g. `connection refused`.
    package var message: String

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
