import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Language
import Logging
import NIOCore
import NIOSSL
import Serving
package import Wire

/// A transport behind a real socket on loopback, for the client's own tests and for whole runs of the program.
package enum LoopbackServer {
    /// What a handler answers; the chunks are sent as they come.
    package struct Reply: Sendable {
        package var status: Int
        package var headers: [(name: String, value: String)]
        package var chunks: AsyncThrowingStream<[UInt8], any Error>

        package init(
            status: Int = 200, headers: [(name: String, value: String)] = [],
            chunks: AsyncThrowingStream<[UInt8], any Error>
        ) {
            self.status = status
            self.headers = headers
            self.chunks = chunks
        }
    }

    /// Runs a server with a handler while `body` runs, and gives it the server's base URL; with TLS as `LoopbackIdentity`.
    /// - Parameters:
    ///   - port: 0 for any that is free.
    ///   - knowsClients: Whether only those are served who have the client certificate of `LoopbackIdentity`.
    package static func withServer<R: Sendable>(
        port wanted: Int = 0, isSecure: Bool = false, knowsClients: Bool = false,
        _ handler: @escaping @Sendable (Wire.HTTPRequest) async throws -> Reply,
        _ body: @escaping @Sendable (String) async throws -> R
    ) async throws -> R {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            response(try await handler(try await taken(request)))
        }
        var silent = Logger(label: "fake")
        silent.logLevel = .critical
        let server = Application(
            responder: responder, server: isSecure ? try secure(knowsClients: knowsClients) : plain,
            configuration: .init(address: .hostname("127.0.0.1", port: wanted)),
            onServerRunning: { channel in
                port.yield(channel.localAddress?.port ?? 0)
                port.finish()
            },
            logger: silent
        )
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask {
                try await server.run()
                return nil
            }
            group.addTask {
                for await port in ports {
                    return try await body("\(isSecure ? "https" : "http")://127.0.0.1:\(port)")
                }
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    /// Serves a fake.
    package static func withServer<R: Sendable>(
        port: Int = 0, serving transport: any HTTPTransport, _ body: @escaping @Sendable (String) async throws -> R
    ) async throws -> R {
        try await withServer(
            port: port,
            { request in
                let response = try await transport.send(request)
                return Reply(
                    status: response.status, headers: response.headers,
                    chunks: AsyncThrowingStream { continuation in
                        continuation.yield(response.body)
                        continuation.finish()
                    }
                )
            }, body
        )
    }

    private static var plain: HTTPServerBuilder {
        HTTPServerBuilder { AcceptedConnections(HTTP1Channel(responder: $0)) }
    }

    private static func secure(knowsClients: Bool) throws -> HTTPServerBuilder {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(LoopbackIdentity.certificate.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(LoopbackIdentity.key.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        if knowsClients {
            let authority = try NIOSSLCertificate.fromPEMBytes(Array(LoopbackIdentity.clientAuthority.utf8))
            configuration.trustRoots = .certificates(authority)
            configuration.certificateVerification = .noHostnameVerification
        }
        return try .tls(plain, tlsConfiguration: configuration)
    }

    private static func taken(_ request: Request) async throws -> Wire.HTTPRequest {
        let body = try await request.body.collect(upTo: 64 << 20)
        var taken = Wire.HTTPRequest(
            Wire.HTTPRequest.Method(rawValue: request.method.rawValue) ?? .get,
            "http://127.0.0.1\(request.head.path ?? "/")",
            headers: request.headers.map { ($0.name.rawName.lowercased(), $0.value) },
            body: Array(buffer: body)
        )
        taken.authorization = request.headers[.authorization].map { Secret($0) }
        return taken
    }

    private static func response(_ reply: Reply) -> Response {
        var headers = HTTPFields()
        for header in reply.headers {
            if let name = HTTPField.Name(header.name) { headers.append(HTTPField(name: name, value: header.value)) }
        }
        return Response(
            status: HTTPTypes.HTTPResponse.Status(code: reply.status), headers: headers,
            body: ResponseBody(asyncSequence: reply.chunks.map { ByteBuffer(bytes: $0) })
        )
    }
}
