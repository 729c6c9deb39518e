import AsyncHTTPClient
import Language
import NIOCore
import NIOHTTP1
import NIOPosix

/// Sends requests over HTTP/1.1; redirects are not followed.
///
/// Tasks of event loops reach servers without TLS and without a proxy over `DirectConnections`; async-http-client sends
/// all other requests, those with a file, and those with a time limit of a second or less.
package struct AsyncHTTPTransport: HTTPTransport {
    /// Where requests go through instead of straight to the server.
    package struct Proxies: Sendable, Hashable {
        /// For `http://` servers, e.g. `http://proxy:3128`; nil for none.
        package var http: String?
        /// For `https://` servers; nil for none.
        package var https: String?
        /// `NO_PROXY`, split, see `ProxyExceptions`. Loopback addresses never use a proxy.
        package var except: [String]

        package init(http: String? = nil, https: String? = nil, except: [String] = []) {
            self.http = http
            self.https = https
            self.except = except
        }

        /// No proxy.
        package static let none = Proxies()
    }

    /// The largest response body that is read as a whole, in bytes.
    private static let bodyLimit = 256 << 20

    private let clients: HTTPClients
    /// That all of its connections are in use says nothing about a server: waiting for one has no time limit.
    private let slots: Slots
    private let heartbeat: Heartbeat

    /// Runs `body` with a transport, and closes its connections afterwards.
    ///
    /// - Parameters:
    ///   - connections: the number of concurrent exchanges; more of them wait, without a time limit, until one ends.
    ///   - connectTimeout: until a server has accepted the connection.
    /// - Throws: `Diagnostic` when the CA file or a proxy cannot be used, or the open-file limit is too low for any
    ///   connection; what `body` throws.
    package static func withTransport<R: Sendable>(
        tls: TLSOptions = TLSOptions(), proxies: Proxies = .none, connections: Int = 64,
        connectTimeout: Duration = .seconds(10), _ body: @Sendable (AsyncHTTPTransport) async throws -> R
    ) async throws -> R {
        let connections = try Self.connections(within: OpenFileLimit.current, of: connections)
        let clients = try HTTPClients(
            tls: tls, proxies: proxies, connections: connections,
            isSpread: isSpread(connections, within: OpenFileLimit.current), connectTimeout: connectTimeout)
        let heartbeat = Heartbeat()
        // Until the end of this scope.
        async let _: Void = heartbeat.run()
        async let _: Void = clients.sweep(heartbeat)
        let transport = AsyncHTTPTransport(clients: clients, slots: Slots(connections), heartbeat: heartbeat)
        let result: R
        do {
            result = try await body(transport)
        } catch {
            await clients.shutDown()
            throw error
        }
        await clients.shutDown()
        return result
    }

    /// How many connections there can be within the open-file limit, at most the wanted number. The limit must never be
    /// reached: libdispatch crashes the process when it cannot open a file. A run has three transports at most, so each
    /// gets a third of what the event loops (three descriptors each) and other files leave.
    ///
    /// - Throws: `Diagnostic` when that is less than half of the wanted connections, with which each of the concurrent
    ///   operations still has one, and some are left for those that need another.
    static func connections(within limit: Int?, of wanted: Int) throws -> Int {
        guard let limit else { return wanted }
        let share = (limit - others) / transports
        guard share >= wanted / 2 else {
            throw Diagnostic.openFileLimitTooLow(limit, needed: others + transports * (wanted / 2))
        }
        return min(wanted, share)
    }

    private static let transports = 3
    private static var others: Int { 3 * NIOSingletons.groupLoopCountSuggestion + 64 }

    /// Whether each event loop may keep as many connections: those that one has left stay open for some seconds.
    static func isSpread(_ connections: Int, within limit: Int?) -> Bool {
        guard let limit else { return true }
        return others + transports * connections * (NIOSingletons.groupLoopCountSuggestion + 1) <= limit
    }

    /// The number of connections for a number of concurrent operations: a stream may wait for another request of the
    /// same conversation, such as a shield's.
    package static func connections(for concurrency: Int) -> Int {
        max(64, 2 * concurrency + 16)
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await slots.run {
            if let exchange = started(request, request.timeout) {
                return try await directly(exchange, request, request.timeout) { limit in
                    try await limit.waiting {
                        let head = try await exchange.response()
                        return Self.head(
                            head.status, head.headers,
                            body: Array(buffer: try await DirectBody(exchange: exchange).collect(upTo: Self.bodyLimit)))
                    }
                }
            }
            return try await TimeLimit.run(
                pause: request.timeout, whole: request.timeout, heartbeat: heartbeat
            ) { limit in
                try await limit.waiting {
                    let response = try await open(request)
                    do {
                        return Self.head(
                            response.status, response.headers,
                            body: Array(buffer: try await response.body.collect(upTo: Self.bodyLimit)))
                    } catch {
                        throw TransportFailure.described(error)
                    }
                }
            }
        }
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        try await withoutActuallyEscaping(read) { read in
            try await slots.run {
                if let exchange = started(request, request.wholeTimeout) {
                    return try await directly(exchange, request, request.wholeTimeout) { limit in
                        let head = try await limit.waiting { try await exchange.response() }
                        return try await read(
                            Self.head(head.status, head.headers), ResponseChunks(DirectBody(exchange: exchange), limit))
                    }
                }
                return try await TimeLimit.run(
                    pause: request.timeout, whole: request.wholeTimeout, heartbeat: heartbeat
                ) { limit in
                    let response = try await limit.waiting { try await open(request) }
                    return try await read(
                        Self.head(response.status, response.headers), ResponseChunks(response.body, limit))
                }
            }
        }
    }

    private func open(_ request: HTTPRequest) async throws -> HTTPClientResponse {
        guard WebAddress.hasPossiblePort(request.url) else {
            throw TransportFailure(.unreachable, "the port is not one")
        }
        do {
            return try await clients.client(for: request.url).execute(outgoing(request), deadline: .distantFuture)
        } catch let error as HTTPClientError where error == .invalidProxyResponse {
            throw TransportFailure.noTunnel(to: request.url)
        } catch {
            throw TransportFailure.described(error)
        }
    }

    private func outgoing(_ request: HTTPRequest) -> HTTPClientRequest {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        request.add(to: &outgoing.headers)
        switch request.body {
        case .bytes(let bytes): outgoing.body = .bytes(bytes)
        case .file(let file): outgoing.body = .stream(FileBody.Pieces(body: file), length: .known(Int64(file.size)))
        case nil: break
        }
        return outgoing
    }

    private static func head(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, body: [UInt8] = []
    ) -> HTTPResponse {
        HTTPResponse(
            status: Int(status.code), headers: headers.map { ($0.name.lowercased(), $0.value) }, body: body)
    }

    /// An exchange on the event loop of the present task; nil for one that has to be made by the other client.
    private func started(_ request: HTTPRequest, _ whole: Duration) -> DirectExchange? {
        guard TimeLimit.areForBeats(request.timeout, whole), let exchange = DirectExchange(request) else { return nil }
        return clients.start(exchange, to: request.url) ? exchange : nil
    }

    private func directly<R>(
        _ exchange: DirectExchange, _ request: HTTPRequest, _ whole: Duration, _ body: (TimeLimit) async throws -> R
    ) async throws -> R {
        // One that is whole by then stays as it is.
        defer { exchange.fail(CancellationError()) }
        do {
            return try await TimeLimit.run(
                pause: request.timeout, whole: whole, heartbeat: heartbeat, failing: exchange, body)
        } catch let error as NIOTooManyBytesError {
            throw TransportFailure.described(error)
        }
    }
}

extension HTTPRequest {
    /// Adds the headers that are sent, the secret ones too.
    func add(to headers: inout HTTPHeaders) {
        for header in self.headers { headers.replaceOrAdd(name: header.name, value: header.value) }
        for header in secretHeaders { headers.replaceOrAdd(name: header.name, value: header.value.revealed) }
        if let authorization { headers.replaceOrAdd(name: "authorization", value: authorization.revealed) }
    }
}
