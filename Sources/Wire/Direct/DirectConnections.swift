import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The connections of this process to servers that are reached without TLS and without a proxy; each event loop has its
/// own.
///
/// Answers are taken from a connection by the task that waits for them, on the thread of the event loop that reads it.
/// For tasks of event loops this takes the place of async-http-client, which hands each piece of an answer through
/// several tasks.
final class DirectConnections: Sendable {
    private struct Idle {
        var connection: DirectConnection
        var since: ContinuousClock.Instant
    }

    private struct State {
        /// The latest last.
        var idle: [DirectPlace.Server: [Idle]] = [:]
        var isClosed = false
    }

    private let connectTimeout: TimeAmount
    /// Less than the 5 s after which both servers (uvicorn) close an idle connection.
    private let idleTime: Duration
    private let resolver: (any Resolver & Sendable)?
    private let state = Mutex(State())

    /// - Parameter resolver: Finds the addresses of names; nil for the system's.
    init(connectTimeout: Duration, idleTime: Duration, resolver: (any Resolver & Sendable)? = nil) {
        self.connectTimeout = .nanoseconds(Int64(connectTimeout / .nanoseconds(1)))
        self.idleTime = idleTime
        self.resolver = resolver
    }

    /// Sends the request of an exchange over a connection, on the thread of the event loop.
    func start(_ exchange: DirectExchange, on loop: any EventLoop) {
        let server = DirectPlace.Server(exchange.place, on: loop)
        while let connection = kept(to: server) {
            if connection.isActive, connection.carry(exchange) { return }
            connection.close()  // Nobody keeps it any more.
        }
        // Of the addresses that a name has several are tried at once, each over a channel of its own.
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(connectTimeout).resolver(resolver)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers(enableOutboundHeaderValidation: false)
                    try channel.pipeline.syncOperations.addHandler(DirectConnection(to: server, of: self))
                }
            }
        // What is no address is a name, which another thread looks up.
        let address = try? SocketAddress(ipAddress: server.host, port: server.port)
        let opening =
            address.map { bootstrap.connect(to: $0) } ?? bootstrap.connect(host: server.host, port: server.port)
        opening.whenComplete { result in
            switch result {
            case .success(let channel): self.carry(exchange, over: channel)
            case .failure(let error): exchange.fail(TransportFailure.described(opening: error))
            }
        }
    }

    private func carry(_ exchange: DirectExchange, over channel: any Channel) {
        do {
            let connection = try channel.pipeline.syncOperations.handler(type: DirectConnection.self)
            // Nobody waits for it any longer, and nothing reads it, so that its end would not be seen.
            if !connection.carry(exchange) { connection.close() }
        } catch {
            exchange.fail(TransportFailure(.broken, "the server closed the connection"))
        }
    }

    /// How many wait for an exchange.
    var idleCount: Int {
        state.withLock { $0.idle.values.map(\.count).reduce(0, +) }
    }

    /// Keeps a connection for a while.
    func keep(_ connection: DirectConnection) {
        let isKept = state.withLock { state in
            guard !state.isClosed else { return false }
            state.idle[connection.place, default: []].append(Idle(connection: connection, since: .now))
            return true
        }
        if !isKept { connection.close() }
    }

    /// A connection has ended.
    func forget(_ connection: DirectConnection) {
        state.withLock { $0.idle[connection.place]?.removeAll { $0.connection === connection } }
    }

    /// Closes those that nobody needed for a while.
    func sweep() {
        let end = ContinuousClock.now - idleTime
        let old = state.withLock { state in
            var old: [DirectConnection] = []
            for (server, idle) in state.idle {
                let count = idle.prefix { $0.since < end }.count
                old += idle.prefix(count).map(\.connection)
                state.idle[server] = count == idle.count ? nil : Array(idle.dropFirst(count))
            }
            return old
        }
        for connection in old { connection.close() }
    }

    /// Closes all connections; no more are kept.
    func shutDown() {
        let all = state.withLock { state in
            defer { (state.idle, state.isClosed) = ([:], true) }
            return state.idle.values.flatMap { $0.map(\.connection) }
        }
        for connection in all { connection.close() }
    }

    private func kept(to server: DirectPlace.Server) -> DirectConnection? {
        let end = ContinuousClock.now - idleTime
        let (connection, old) = state.withLock { state -> (DirectConnection?, [Idle]) in
            guard let last = state.idle[server]?.popLast() else { return (nil, []) }
            guard last.since < end else { return (last.connection, []) }
            defer { state.idle[server] = nil }
            return (nil, (state.idle[server] ?? []) + [last])
        }
        for idle in old { idle.connection.close() }
        return connection
    }
}

extension DirectPlace {
    /// A server as one event loop reaches it.
    struct Server: Hashable, Sendable {
        let host: String
        let port: Int
        private let loop: ObjectIdentifier

        init(_ place: DirectPlace, on loop: any EventLoop) {
            (host, port) = (place.host, place.port)
            self.loop = ObjectIdentifier(loop)
        }
    }
}
