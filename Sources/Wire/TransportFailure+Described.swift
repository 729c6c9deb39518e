import AsyncHTTPClient
import Language
import NIOCore
import NIOPosix
import NIOSSL

extension TransportFailure {
    /// The failure behind an error of the HTTP client; cancellation stays what it is.
    static func described(_ error: any Error) -> any Error {
        switch error {
        case is TransportFailure, is CancellationError, is FileBody.Failure: error
        case _ where isLimit(error): TransportFailure(.tooManyOpenFiles, OpenFileLimit.reason)
        case let error as HTTPClientError: described(error)
        case let error as NIOConnectionError: TransportFailure(.unreachable, reason(error))
        case let error as NIOSSLError: TransportFailure(.tls, reason(error))
        case let error as BoringSSLError: TransportFailure(.tls, reason(error))
        case let error as NIOSSLExtraError: TransportFailure(.tls, sentence("\(error)"))
        case is NIOTooManyBytesError: TransportFailure(.broken, "the answer is too long")
        case let error as IOError: TransportFailure(isRefusal(error) ? .unreachable : .broken, reason(error))
        case ChannelError.connectTimeout: TransportFailure(.unreachable, "no connection in time")
        case _: TransportFailure(.broken, "the connection broke")
        }
    }

    /// The failure behind an error while a connection was opened: nothing was sent over it.
    static func described(opening error: any Error) -> any Error {
        let described = described(error)
        guard let failure = described as? TransportFailure, failure.reason == .broken else { return described }
        return TransportFailure(.unreachable, failure.message)
    }

    /// What a message begins with when a proxy refuses to connect.
    static let proxyRefusal = "the proxy refuses to tunnel"

    /// That a proxy did not connect to a server, which it is also asked to for `http://`.
    static func noTunnel(to url: String) -> TransportFailure {
        let place = url.split(separator: "/").dropFirst().first.map { " to \($0)" } ?? ""
        return TransportFailure(.unreachable, proxyRefusal + place)
    }

    private static func described(_ error: HTTPClientError) -> any Error {
        switch error {
        case .cancelled, .requestStreamCancelled: CancellationError()
        case .connectTimeout, .getConnectionFromPoolTimeout:
            TransportFailure(.unreachable, "no connection in time")
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath:
            TransportFailure(.unreachable, "the URL is not one")
        case .proxyAuthenticationRequired: TransportFailure(.unreachable, "the proxy wants credentials")
        case .httpProxyHandshakeTimeout:
            TransportFailure(.unreachable, "the proxy does not answer as one")
        case .tlsHandshakeTimeout: TransportFailure(.tls, "no TLS handshake in time")
        case .deadlineExceeded, .readTimeout, .writeTimeout: TransportFailure(.timeout, "no answer in time")
        case .remoteConnectionClosed: TransportFailure(.broken, "the server closed the connection")
        case _ where error.shortDescription == "Unsupported scheme":
            TransportFailure(.unreachable, "the URL is not one of `http` or `https`")
        case _: TransportFailure(.broken, sentence(error.shortDescription))
        }
    }

    /// Whether nothing could be opened because of the open-file limit. At the limit the resolver can open neither its
    /// files nor a socket, and reports an unknown host name.
    private static func isLimit(_ error: any Error) -> Bool {
        switch error {
        case let error as IOError: OpenFileLimit.isMeant(by: error.errnoCode)
        case let error as NIOConnectionError where error.connectionErrors.isEmpty: OpenFileLimit.isReached
        case let error as NIOConnectionError: error.connectionErrors.contains { isLimit($0.error) }
        case _: false
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if error.connectionErrors.isEmpty { return "the host name is unknown" }
        guard let cause = error.connectionErrors.first?.error as? IOError else { return "no connection in time" }
        return reason(cause)
    }

    /// Whether the connection was never established.
    private static func isRefusal(_ error: IOError) -> Bool {
        [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode)
    }

    private static func reason(_ error: IOError) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET, EPIPE: "the server closed the connection"
        case EHOSTUNREACH, ENETUNREACH: "no route to the host"
        case ETIMEDOUT: "no connection in time"
        case _: sentence(error.description)
        }
    }

    private static func reason(_ error: NIOSSLError) -> String {
        switch error {
        case .handshakeFailed(let cause): reason(cause)
        case .uncleanShutdown: "the server closed the connection"
        case _: sentence("\(error)")
        }
    }

    private static func reason(_ error: BoringSSLError) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "the server's certificate is not trusted" }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "the server does not speak TLS at this port"
        }
        return "the TLS handshake failed"
    }

    private static func sentence(_ text: String) -> String {
        text.prefix(1).lowercased() + text.dropFirst().prefix(200)
    }
}
