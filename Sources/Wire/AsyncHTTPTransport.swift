import AsyncHTTPClient
import Language
import NIOCore
import NIOHTTP1

/// Sends requests with async-http-client over HTTP/1.1; redirects are not followed.
package struct AsyncHTTPTransport: HTTPTransport {
    /// Where requests go through instead of straight to the server.
    package struct Proxies: Sendable, Hashable {
        /// For `http://` servers, e.g. `http://proxy:3128`; nil for none.
        package var http: String?
        /// For `https://` servers; nil for none.
        package var https: String?
        /// `NO_PROXY`, split: host names, `.suffixes`, or `*`. Loopback addresses never use a proxy.
        package var except: [String]

        package init(http: String? = nil, https: String? = nil, except: [String] = []) {
            self.http = http
            self.https = https
            self.except = except
        }

        /// No proxy.
        package static let none = Proxies()
    }

    /// The longest body that is read whole.
    private static let bodyLimit = 256 << 20

    private let clients: HTTPClients

    /// Gives `body` a transport, and closes its connections afterwards.
    ///
    /// - Parameter connectTimeout: until a server accepted the connection.
    /// - Throws: `Diagnostic` when the CA file or a proxy cannot be used; what `body` throws.
    package static func withTransport<R: Sendable>(
        tls: TLSOptions = TLSOptions(), proxies: Proxies = .none, connectTimeout: Duration = .seconds(10),
        _ body: @Sendable (AsyncHTTPTransport) async throws -> R
    ) async throws -> R {
        let clients = try HTTPClients(tls: tls, proxies: proxies, connectTimeout: connectTimeout)
        let result: R
        do {
            result = try await body(AsyncHTTPTransport(clients: clients))
        } catch {
            await clients.shutDown()
            throw error
        }
        await clients.shutDown()
        return result
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await TimeLimit.run(request.timeout) { _ in
            try await exchange(request) { response in
                let body = try await response.body.collect(upTo: Self.bodyLimit)
                return head(of: response, body: Array(buffer: body))
            }
        }
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest,
        _ read: @Sendable (HTTPResponse, any AsyncSequence<[UInt8], any Error>) async throws -> Result
    ) async throws -> Result {
        let (heads, head) = AsyncThrowingStream.makeStream(of: HTTPResponse.self)
        let (chunks, chunk) = AsyncThrowingStream.makeStream(of: [UInt8].self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await receive(request, head: head, chunk: chunk) }
            defer { group.cancelAll() }
            for try await head in heads {
                return try await read(head, chunks)
            }
            throw CancellationError()
        }
    }

    /// Passes on what arrives, while the time limit watches; ends both streams, with the failure if there was one.
    private func receive(
        _ request: HTTPRequest, head: AsyncThrowingStream<HTTPResponse, any Error>.Continuation,
        chunk: AsyncThrowingStream<[UInt8], any Error>.Continuation
    ) async {
        do {
            try await TimeLimit.run(request.timeout) { limit in
                try await exchange(request) { response in
                    limit.renew()
                    head.yield(self.head(of: response, body: []))
                    for try await bytes in response.body {
                        limit.renew()
                        chunk.yield(Array(buffer: bytes))
                    }
                }
            }
            head.finish()
            chunk.finish()
        } catch {
            head.finish(throwing: error)
            chunk.finish(throwing: error)
        }
    }

    private func exchange<R>(
        _ request: HTTPRequest, _ read: (HTTPClientResponse) async throws -> R
    ) async throws -> R {
        guard WebAddress.hasPossiblePort(request.url) else {
            throw TransportFailure(.unreachable, "the port is not one")
        }
        do {
            let client = clients.client(for: request.url)
            return try await read(try await client.execute(outgoing(request), deadline: .distantFuture))
        } catch {
            throw TransportFailure.described(error)
        }
    }

    private func outgoing(_ request: HTTPRequest) -> HTTPClientRequest {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for header in request.headers { outgoing.headers.replaceOrAdd(name: header.name, value: header.value) }
        for header in request.secretHeaders {
            outgoing.headers.replaceOrAdd(name: header.name, value: header.value.revealed)
        }
        if let authorization = request.authorization {
            outgoing.headers.replaceOrAdd(name: "authorization", value: authorization.revealed)
        }
        switch request.body {
        case .bytes(let bytes): outgoing.body = .bytes(bytes)
        case .file(let file): outgoing.body = .stream(FileBody.Pieces(body: file), length: .known(Int64(file.size)))
        case nil: break
        }
        return outgoing
    }

    private func head(of response: HTTPClientResponse, body: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: Int(response.status.code),
            headers: response.headers.map { ($0.name.lowercased(), $0.value) },
            body: body
        )
    }
}
