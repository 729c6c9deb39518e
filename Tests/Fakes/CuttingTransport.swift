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
        /// Something on the way delivers the request twice, and gives the second answer.
        case twice(Int)
        /// The server says that it is busy, and does nothing.
        case busy(Int)
        /// The server refuses the first request that is affected.
        case refusing
        /// The server does it, and a gateway says that it did not.
        case gateway(Int)
        /// Of the requests that are affected, this one and all after it reach nobody: a server is gone, others are not.
        case gone(Int)

        package var description: String {
            switch self {
            case .never: "never"
            case .before(let number): "before request \(number)"
            case .after(let number): "after request \(number)"
            case .answer(let number): "answer of request \(number)"
            case .stop(let number): "told to stop at request \(number)"
            case .twice(let number): "request \(number) delivered twice"
            case .busy(let number): "request \(number) put off"
            case .refusing: "a request refused"
            case .gateway(let number): "request \(number) done, and put off by a gateway"
            case .gone(let number): "gone from its request \(number) on"
            }
        }
    }

    private let cut: Cut
    private let affects: @Sendable (HTTPRequest) -> Bool
    private let onStop: @Sendable () async -> Void
    private let sent = Mutex<[String]>([])
    private let isFirstRefusal = Atomic(true)
    private let affected = Atomic(0)

    /// Makes scissors for one client; for `.stop`, `onStop` cancels it. What happens to single requests happens only to
    /// those that are affected.
    package init(
        _ cut: Cut, affects: @escaping @Sendable (HTTPRequest) -> Bool = { _ in true },
        onStop: @escaping @Sendable () async -> Void = {}
    ) {
        self.cut = cut
        self.affects = affects
        self.onStop = onStop
    }

    /// How often a client should try: more than once where the server puts it off.
    package var attempts: Int {
        switch cut {
        case .busy, .gateway: 3
        case .never, .before, .after, .answer, .stop, .twice, .refusing, .gone: 1
        }
    }

    /// What was sent or would have been, in order.
    package var requests: [String] {
        sent.withLock { $0 }
    }

    /// The way to a server, through the scissors.
    package func through(_ transport: any HTTPTransport) -> any HTTPTransport {
        CuttingTransport(server: transport, scissors: self)
    }

    private static let putOff = HTTPResponse(status: 503, headers: [("retry-after", "0")])

    fileprivate func passing<Result: Sendable>(
        _ request: HTTPRequest, _ send: () async throws -> Result,
        putOff: (HTTPResponse) async throws -> Result
    ) async throws -> Result {
        let number = sent.withLock { sent in
            sent.append("\(request.method.rawValue) \(request.url)")
            return sent.count
        }
        switch cut {
        case .before(let limit) where number >= limit: throw Self.broken
        case .after(let limit) where number > limit: throw Self.broken
        case .stop(let limit) where number == limit: await onStop()
        case .twice(number) where affects(request): _ = try await send()
        case .busy(number) where affects(request): return try await putOff(Self.putOff)
        case .gateway(number) where affects(request):
            _ = try await send()
            return try await putOff(Self.putOff)
        case .gone(let limit) where affects(request):
            guard affected.add(1, ordering: .relaxed).newValue < limit else { throw Self.unreachable }
        case .refusing where affects(request) && isFirstRefusal.exchange(false, ordering: .relaxed):
            return try await putOff(HTTPResponse(status: 400))
        case .never, .before, .after, .answer, .stop, .twice, .busy, .gateway, .refusing, .gone: break
        }
        try Task.checkCancellation()
        let result = try await send()
        if cut == .after(number) || cut == .answer(number) { throw Self.broken }
        return result
    }

    private static let broken = TransportFailure(.broken, "the connection was closed")
    private static let unreachable = TransportFailure(.unreachable, "connection refused")
}

/// A way to a server that scissors may cut.
private struct CuttingTransport: HTTPTransport {
    let server: any HTTPTransport
    let scissors: Scissors

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await scissors.passing(request) {
            try await server.send(request)
        } putOff: {
            $0
        }
    }

    func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        try await scissors.passing(request) {
            try await server.stream(request, read)
        } putOff: {
            try await read($0, ScriptedTransport.chunks([]))
        }
    }
}
