package import Language

/// A server to call: adds its address, credentials, time limit and retries to a `Call`, and turns everything that is
/// not a success into a `WireError`.
package struct Endpoint: Sendable {
    /// `OGX`, `Llama Stack` or `MLflow`, for messages.
    package var service: String
    /// Scheme, host, port and path prefix, without credentials and without a slash at the end.
    package var base: String
    /// Called before each attempt of a call that changes something; an error that it throws ends the call. nil allows
    /// every call.
    package var admit: (@Sendable (Call) throws -> Void)?
    /// Whether requests bear `TraceParent.current`.
    package var tellsTraceParent = false
    /// The secrets sent so far by this endpoint and its copies; they are removed from everything that the server says.
    package let sent: SentSecrets
    private let transport: any HTTPTransport
    private let authorization: Secret?
    private var secretHeaders: [(name: String, value: Secret)]
    /// The time limit of a call that has none of its own.
    package let timeout: Duration
    private var retry: RetryPolicy
    private let clock: any Clock<Duration>

    /// The time limit of a call unless another one is given.
    package static let usualTimeout = Duration.seconds(30)

    /// Makes an endpoint; nothing is sent.
    ///
    /// - Parameters:
    ///   - base: `http://127.0.0.1:8321`; credentials in it (`http://user:password@host`) become the authorization.
    ///   - authorization: the whole value of the header: `Secret.bearer(…)`, `Secret.basic(…)`.
    ///   - clock: measures the deadline and waits between attempts.
    package init(
        service: String, base: String, transport: any HTTPTransport, authorization: Secret? = nil,
        secretHeaders: [(name: String, value: Secret)] = [], sent: SentSecrets = SentSecrets(),
        timeout: Duration = Endpoint.usualTimeout, retry: RetryPolicy = .standard,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        let address = ServerAddress(base)
        self.service = service
        self.base = address.base
        self.transport = transport
        self.authorization = authorization ?? address.credentials
        self.secretHeaders = secretHeaders
        self.sent = sent
        self.timeout = timeout
        self.retry = retry
        self.clock = clock
    }

    /// The same endpoint for a caller that limits the time itself: what the server puts off (429) is sent again as the
    /// server wants it, for as long as it takes.
    package var waitingWhenPutOff: Endpoint {
        var endpoint = self
        endpoint.retry.waitsWhenPutOff = true
        return endpoint
    }

    /// Sends a call and returns its response, always one with a success status (2xx).
    ///
    /// - Throws: `WireError`; `CancellationError` when the task was cancelled.
    package func send(_ call: Call) async throws -> HTTPResponse {
        try await attempting(call, call.isRepeatable ? .free : .never) { request in
            let response = try await transport.send(request)
            return response.isSuccess ? .success(response) : .refusal(response)
        }
    }

    /// Sends a call and decodes its JSON body. Unknown fields are ignored; a missing one is named in the error.
    ///
    /// - Throws: `WireError`; `CancellationError` when the task was cancelled.
    package func decode<T: Decodable>(_ call: Call, as type: T.Type = T.self) async throws -> T {
        let response = try await send(call)
        return try read(response, of: call) { try ResponseBody.decode(T.self, from: $0) }
    }

    /// Sends a call that is not idempotent, since each request creates another object, and decodes its JSON body. It is
    /// repeated only when the server said that it did nothing (429, or 503 with `Retry-After`), and only when `look`
    /// finds no new object: a gateway may have said so about a request that it passed on.
    ///
    /// - Parameters:
    ///   - repetition: When it is repeated, if it is not idempotent.
    ///   - look: Returns the object that this call has created if its request was processed after all; nil when there
    ///     is none. It throws `InDoubt` when it cannot tell: then nothing is repeated.
    /// - Throws: as `decode`; what `look` throws.
    package func create<T: Decodable & Sendable>(
        _ call: Call, as type: T.Type = T.self, _ repetition: RetryPolicy.Repetition = .afterLook,
        unless look: () async throws -> T?
    ) async throws -> T {
        try await attempting(call, call.isRepeatable ? .free : repetition, unless: look) { request in
            let response = try await transport.send(request)
            guard response.isSuccess else { return .refusal(response) }
            return .success(try read(response, of: call) { try ResponseBody.decode(T.self, from: $0) })
        }
    }

    /// Sends a call that asks for a stream, and passes the response to `read`: events as they arrive, or the whole body
    /// when the server does not stream. Repeated and ended like `events`.
    ///
    /// - Throws: `WireError`, with the cause `.stream` when the stream broke; what `read` throws.
    package func reply<R: Sendable>(
        _ call: Call, _ read: @Sendable (StreamedReply) async throws -> R
    ) async throws -> R {
        try await streaming(call) { head, chunks in
            guard head.isEventStream else {
                let response = try await head.with(wholeBody: chunks)
                let value = try self.read(response, of: call) { try Value(json: $0) }
                return try await read(.whole(sent.cleared(value)))
            }
            do {
                return try await read(.events(chunks.events.cleared(of: sent)))
            } catch let failure as TransportFailure {
                throw error(.stream, call, message: failure.message)
            }
        }
    }

    /// Sends a call and passes its server-sent events to `read` as they arrive; the exchange ends when `read` returns
    /// or throws. A call is repeated only until a success status has arrived.
    ///
    /// - Throws: `WireError`, with the cause `.stream` when the stream broke; what `read` throws.
    package func events<R: Sendable>(
        _ call: Call,
        _ read: @Sendable (any AsyncSequence<ServerSentEvent, any Error>) async throws -> R
    ) async throws -> R {
        try await streaming(call) { _, chunks in
            do {
                return try await read(chunks.events.cleared(of: sent))
            } catch let failure as TransportFailure {
                throw error(.stream, call, message: failure.message)
            }
        }
    }

    /// Sends a call and passes the frames of its answer to `read` as they arrive; else like `events`.
    ///
    /// - Parameter keeping: The bytes that frames keep of a text that they repeat: see `FrameScanner`.
    package func frames<R: Sendable>(
        _ call: Call, keeping length: Int?, _ read: @Sendable (ServerFrames) async throws -> R
    ) async throws -> R {
        try await streaming(call) { _, chunks in
            do {
                return try await read(chunks.frames(keeping: length, cleared: sent))
            } catch let failure as TransportFailure {
                throw error(.stream, call, message: failure.message)
            }
        }
    }

    /// Sends a call and passes the body of its success to `read` as it arrives. When the connection breaks, the call is
    /// sent again and `read` starts anew.
    ///
    /// - Throws: `WireError`; what `read` throws.
    package func download<R: Sendable>(
        _ call: Call, _ read: @Sendable (ResponseChunks) async throws -> R
    ) async throws -> R {
        try await streaming(call) { _, chunks in try await read(chunks) }
    }
}

/// It cannot be determined whether a call has created something.
package struct InDoubt: Error {
    package init() {}
}

extension Endpoint {
    /// Adds fields to the JSON object that some secret headers hold.
    ///
    /// - Parameter secrets: the values in the fields that are secret.
    mutating func addProviderData(_ fields: [String: Value], in headers: [String], secrets: [Secret]) {
        for secret in secrets { sent.add(secret) }
        for name in headers {
            let told = secretHeaders.first { $0.name == name }?.value.revealed ?? "{}"
            let known = (try? Value(json: told.utf8))?.object ?? [:]  // Written by us as an object.
            secretHeaders.removeAll { $0.name == name }
            secretHeaders.append((name, Secret(Value.object(known.merging(fields) { $1 }).canonicalJSON)))
        }
    }

    /// The result of one attempt.
    private enum Attempt<R: Sendable>: Sendable {
        case success(R)
        case refusal(HTTPResponse)
        case loss(TransportFailure)
    }

    private func attempting<R: Sendable>(
        _ call: Call, _ repetition: RetryPolicy.Repetition, unless look: () async throws -> R? = { nil },
        _ send: (HTTPRequest) async throws -> Attempt<R>
    ) async throws -> R {
        let request = request(for: call)
        let watch = Stopwatch(clock)
        var number = 1
        while true {
            if call.effect == .changes { try admit?(call) }
            let failure: RetryPolicy.Failure
            let error: WireError
            switch try await attempt(request, send) {
            case .success(let result):
                return result
            case .refusal(let response):
                (failure, error) = refused(call, response, number)
            case .loss(let lost):
                failure = .transport(lost.reason)
                error = self.error(.transport(lost.reason), call, message: lost.message, attempts: number)
            }
            let backoff = retry.backoff(
                after: failure, attempt: number, elapsed: watch.elapsed, repetition: repetition,
                random: .random(in: 0...1)
            )
            guard let backoff else { throw error }
            try await clock.sleep(for: backoff)
            do {
                if failure.mayHaveArrived, let made = try await look() { return made }
            } catch is InDoubt {
                throw error
            }
            number += 1
        }
    }

    /// Passes the head and the body of a success to `read`.
    private func streaming<R: Sendable>(
        _ call: Call, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> R
    ) async throws -> R {
        try await attempting(call, call.isRepeatable ? .free : .never) { request in
            try await transport.stream(request) { head, chunks in
                guard head.isSuccess else { return .refusal(try await head.with(body: chunks)) }
                return .success(try await read(head, chunks))
            }
        }
    }

    private func attempt<R: Sendable>(
        _ request: HTTPRequest, _ send: (HTTPRequest) async throws -> Attempt<R>
    ) async throws -> Attempt<R> {
        do {
            return try await send(request)
        } catch let failure as TransportFailure {
            return .loss(failure)
        }
    }

    private func refused(
        _ call: Call, _ response: HTTPResponse, _ attempts: Int
    ) -> (RetryPolicy.Failure, WireError) {
        let said = ServerMessage(sent.cleared(response))
        var error = error(
            .status(response.status), call, code: said.code, message: said.text, attempts: attempts
        )
        error.retryAfter = response.retryAfter
        // A server in between may answer with another status what the model's server puts off.
        let status = WireError.putsOff(said.code) ? 429 : response.status
        return (.status(status, retryAfter: response.retryAfter), error)
    }

    private func read<T>(
        _ response: HTTPResponse, of call: Call, _ body: ([UInt8]) throws -> T
    ) throws -> T {
        do {
            return try body(response.body)
        } catch {
            throw self.error(.unreadable, call, message: ResponseBody.problem(error, in: sent.cleared(response)))
        }
    }

    /// Creates an error about a call to this endpoint, also for problems that only a route group can detect. All of
    /// them are created here, so that a secret that the server echoes never gets into a message.
    package func error(
        _ cause: WireError.Cause, _ call: Call, code: String? = nil, message: String = "", attempts: Int = 1
    ) -> WireError {
        WireError(
            cause, service: service, operation: call.operation, method: call.method, base: base, path: call.path,
            code: code.map { sent.cleared(message: $0) }, message: sent.cleared(message: message), attempts: attempts
        )
    }

    private func request(for call: Call) -> HTTPRequest {
        let hasAccept = call.headers.contains { $0.name == "accept" }
        var headers = (hasAccept ? [] : [(name: "accept", value: "application/json")]) + call.headers
        if tellsTraceParent, let parent = TraceParent.current { headers.append(("traceparent", parent.header)) }
        var body: HTTPRequest.Body?
        switch call.body {
        case .none: break
        case .json(let value):
            headers.append(("content-type", "application/json"))
            body = .bytes(Array(value.canonicalJSON.utf8))
        case .bytes(let bytes, let contentType):
            headers.append(("content-type", contentType))
            body = .bytes(bytes)
        case .file(let file, let contentType):
            headers.append(("content-type", contentType))
            body = .file(file)
        }
        let limit = (call.timeout ?? timeout) + Self.timeToSend(body)
        for secret in [authorization].compactMap(\.self) + secretHeaders.map(\.value) + call.secrets {
            sent.add(secret)
        }
        var request = HTTPRequest(
            call.method, base + call.path + PercentEncoding.query(call.query), headers: headers,
            authorization: authorization, secretHeaders: secretHeaders, timeout: limit,
            wholeTimeout: call.wholeTimeout ?? max(.seconds(600), limit * 30)
        )
        request.body = body
        return request
    }

    /// The time for sending a body, which does not count as waiting for the server: a second for each 256 KiB.
    private static func timeToSend(_ body: HTTPRequest.Body?) -> Duration {
        switch body {
        case nil: .zero
        case .bytes(let bytes): .seconds(bytes.count / (256 << 10))
        case .file(let file): .seconds(file.size / (256 << 10))
        }
    }
}
