import AsyncHTTPClient
import FoundationEssentials
import Language
import NIOCore
import NIOPosix
import NIOSSL

/// Whom to trust when a server is called over TLS.
package struct TLSOptions: Sendable, Hashable {
    /// A PEM file of certificate authorities to trust beside the system's; nil for none.
    package var caFile: String?
    /// Whether any certificate is accepted, for any name.
    package var acceptsAnyCertificate: Bool
    /// The client certificate and its key; nil for none.
    package var clientCertificate: ClientCertificate?

    /// The certificate that identifies this client, and its key.
    package struct ClientCertificate: Sendable, Hashable {
        package var certificateFile: String
        package var keyFile: String

        package init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    package init(
        caFile: String? = nil, acceptsAnyCertificate: Bool = false, clientCertificate: ClientCertificate? = nil
    ) {
        self.caFile = caFile
        self.acceptsAnyCertificate = acceptsAnyCertificate
        self.clientCertificate = clientCertificate
    }
}

/// The HTTP clients of a transport: one that connects directly, and one for each proxy.
struct HTTPClients: Sendable {
    private let direct: LoopClients
    private let http: LoopClients?
    private let https: LoopClients?
    private let exceptions: ProxyExceptions
    private let own: DirectConnections?

    init(
        tls: TLSOptions, proxies: AsyncHTTPTransport.Proxies, connections: Int, isSpread: Bool,
        connectTimeout: Duration
    ) throws {
        let configuration = try Self.configuration(tls, connections, connectTimeout)
        func clients(through proxy: String?) throws -> LoopClients? {
            guard let proxy, !proxy.isEmpty else { return nil }
            var proxied = configuration
            proxied.proxy = try Self.proxy(proxy)
            return LoopClients(proxied, isSpread: isSpread)
        }
        // What can fail comes first: a client that is released without a shutdown crashes the process.
        _ = try [proxies.http, proxies.https].map { try $0.flatMap { $0.isEmpty ? nil : try Self.proxy($0) } }
        http = try clients(through: proxies.http)
        https = try clients(through: proxies.https)
        direct = LoopClients(configuration, isSpread: isSpread)
        exceptions = ProxyExceptions(proxies.except)
        own = isSpread ? DirectConnections(connectTimeout: connectTimeout, idleTime: Self.idleTime) : nil
    }

    /// Starts an exchange on the event loop of the present task.
    /// - Returns: Whether it can be made in this way.
    func start(_ exchange: DirectExchange, to url: String) -> Bool {
        guard let own, http == nil || exceptions.contain(url),
            let loop = MultiThreadedEventLoopGroup.currentEventLoop
        else { return false }
        own.start(exchange, on: loop)
        return true
    }

    /// Closes connections that have been idle for a while, until the task is cancelled.
    func sweep(_ heartbeat: Heartbeat) async {
        guard let own else { return }
        var next = ContinuousClock.now
        while !Task.isCancelled {
            await heartbeat.wait()
            guard next <= .now else { continue }
            own.sweep()
            next = .now + Heartbeat.interval / 2  // Beats come more often, too.
        }
    }

    /// The client for a request of the present task.
    func client(for url: String) -> HTTPClient {
        guard http != nil || https != nil else { return direct.here }
        let isSecure = url.lowercased().hasPrefix("https:")
        guard let proxied = isSecure ? https : http else { return direct.here }
        return (exceptions.contain(url) ? direct : proxied).here
    }

    func shutDown() async {
        own?.shutDown()
        for clients in [direct, http, https] { await clients?.shutDown() }
    }

    /// Less than the 5 s after which both servers (uvicorn) close an idle connection.
    private static let idleTime = Duration.seconds(3)

    private static func configuration(
        _ tls: TLSOptions, _ connections: Int, _ connectTimeout: Duration
    ) throws -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.httpVersion = .http1Only
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .nanoseconds(Int64(connectTimeout / .nanoseconds(1)))
        // `Endpoint` decides about retries.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = .nanoseconds(Int64(idleTime / .nanoseconds(1)))
        // The transport's slots admit no more: no request waits in the pool, whose timeout would be taken for the
        // server's.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        #if os(Linux)
            configuration.http1_1ConnectionDebugInitializer = PromptAcknowledgement.add(to:)
        #endif
        var security = TLSConfiguration.makeClientConfiguration()
        if tls.acceptsAnyCertificate { security.certificateVerification = .none }
        if let file = tls.caFile {
            _ = try certificates(in: file)  // To tell at once that it cannot be used.
            // Read again by the first connection that needs it: those of all authorities take a megabyte.
            security.additionalTrustRoots = [.file(file)]
        }
        if let own = tls.clientCertificate {
            security.certificateChain = try certificates(in: own.certificateFile).map { .certificate($0) }
            security.privateKey = .privateKey(try key(in: own.keyFile))
        }
        configuration.tlsConfiguration = security
        return configuration
    }

    private static func certificates(in file: String) throws -> [NIOSSLCertificate] {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(try FileBytes.text(file, atMost: 16 << 20))
        } catch {
            certificates = []  // Reported below: an empty file is no better than an unreadable one.
        }
        guard certificates.isEmpty else { return certificates }
        throw Diagnostic(
            "bad-ca-file", "Unusable CA file",
            detail: "The CA file `\(file)` cannot be read, or holds no certificates in PEM format.",
            fix: "Name a readable PEM file of certificate authorities.", cause: .usage
        )
    }

    private static func key(in file: String) throws -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(bytes: try FileBytes.text(file, atMost: 1 << 20), format: .pem)
        } catch {
            throw Diagnostic(
                "bad-key-file", "Unusable key file",
                detail: "The key file `\(file)` cannot be read, or holds no private key in PEM format.",
                fix: "Name a readable PEM file with an unencrypted private key.", cause: .usage
            )
        }
    }

    private static func proxy(_ text: String) throws -> HTTPClient.Configuration.Proxy {
        let address = ServerAddress(text.contains("://") ? text : "http://\(text)")
        guard let url = URL(string: address.base), url.scheme == "http", let host = url.host(),
            !address.base.contains("@")
        else {
            // Not quoted: in `http://user:pass/word@host` it is a password up to the `@`.
            let told = address.base.contains("@") ? "The address of the proxy" : "The proxy `\(address.base)`"
            throw Diagnostic(
                "bad-proxy", "Unusable proxy",
                detail: "\(told) is not an `http://` URL with a host.",
                fix: "Set the proxy to a URL such as `http://proxy.example.com:3128`.", cause: .usage
            )
        }
        guard let credentials = address.credentials else { return .server(host: host, port: url.port ?? 80) }
        let encoded = String(credentials.revealed.dropFirst("Basic ".count))
        return .server(host: host, port: url.port ?? 80, authorization: .basic(credentials: encoded))
    }
}
