import Synchronization
package import Wire

/// Breaks the connections of one client at one request, counted over all servers that it talks to.
package final class Scissors: Sendable {
    /// Where they cut; requests are counted from 1.
    package enum Cut: Sendable, Hashable, CustomStringConvertible {
        case never
        /// The request and all after it do not arrive: the client was killed, or the network is gone.
        case before(Int)
        /// The request arrives, its answer and everything after it does not.
        case after(Int)
        /// Only the answer of this one request is lost.
        case answer(Int)
        /// The client is told to stop when it is about to send the request.
        case stop(Int)

        package var description: String {
            switch self {
            case .never: "never"
            case .before(let number): "before request \(number)"
            case .after(let number): "after request \(number)"
            case .answer(let number): "answer of request \(number)"
            case .stop(let number): "told to stop at request \(number)"
            }
        }
    }

    private let cut: Cut
    private let onStop: @Sendable () -> Void
    private let sent = Mutex<[String]>([])

    /// Makes scissors for one client; for `.stop`, `onStop` cancels it.
    package init(_ cut: Cut, onStop: @escaping @Sendable () -> Void = {}) {
        self.cut = cut
        self.onStop = onStop
    }

    /// What was sent or would have been, in order.
    package var requests: [String] {
        sent.withLock { $0 }
    }

    /// The way to a server, through the scissors.
    package func through(_ transport: any HTTPTransport) -> any HTTPTransport {
        CuttingTransport(server: transport, scissors: self)
    }

    fileprivate func passing<Result: Sendable>(
        _ request: HTTPRequest, _ send: () async throws -> Result
    ) async throws -> Result {
        let number = sent.withLock { sent in
            sent.append("\(request.method.rawValue) \(request.url)")
            return sent.count
        }
        switch cut {
        case .before(let limit) where number >= limit: throw Self.broken
        case .after(let limit) where number > limit: throw Self.broken
        case .stop(let limit) where number == limit: onStop()
        case .never, .before, .after, .answer, .stop: break
        }
        try Task.checkCancellation()
        let result = try await send()
        if cut == .after(number) || cut == .answer(number) { throw Self.broken }
        return result
    }

    private static let broken = TransportFailure(.broken, "the connection was closed")
}

/// A way to a server that scissors may cut.
private struct CuttingTransport: HTTPTransport {
    let server: any HTTPTransport
    let scissors: Scissors

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await scissors.passing(request) { try await server.send(request) }
    }

    func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        try await scissors.passing(request) { try await server.stream(request, read) }
    }
}
