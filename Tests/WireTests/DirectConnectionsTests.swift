import Language
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Wire

/// What becomes of connections between exchanges.
@Suite("DirectConnections", .onEventLoop, .timeLimit(.minutes(10)))
struct DirectConnectionsTests {
    /// Runs a body with connections that are all closed afterwards.
    private func withConnections(
        idleTime: Duration = .seconds(600), addresses: [SocketAddress] = [],
        _ body: (DirectConnections) async throws -> Void
    ) async throws {
        let resolver = addresses.isEmpty ? nil : FixedAddresses(addresses: addresses, loop: try loop)
        let connections = DirectConnections(connectTimeout: .seconds(30), idleTime: idleTime, resolver: resolver)
        defer { connections.shutDown() }
        try await body(connections)
    }

    private var loop: any EventLoop {
        get throws { try #require(MultiThreadedEventLoopGroup.currentEventLoop) }
    }

    private func started(_ url: String, over connections: DirectConnections) throws -> DirectExchange {
        let exchange = try #require(DirectExchange(HTTPRequest(.get, url)))
        connections.start(exchange, on: try loop)
        return exchange
    }

    private func text(of exchange: DirectExchange) async throws -> String {
        _ = try await exchange.response()
        var text = ""
        while let chunk = try await exchange.next() { text += String(buffer: chunk) }
        return text
    }

    @Test("An address is not looked up")
    func address() async throws {
        let elsewhere = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        try await CountedConnections.serve { server in
            try await withConnections(addresses: [elsewhere]) { connections in
                #expect(try await text(of: try started(server.url, over: connections)) == "ok")
                let name = server.url.replacing("127.0.0.1", with: "name")
                let exchange = try started(name, over: connections)
                let failure = await #expect(throws: TransportFailure.self) {
                    _ = try await exchange.response()
                }
                #expect(failure?.reason == .unreachable)
            }
        }
    }

    @Test("Nothing was sent where a connection could not be opened, whatever the reason")
    func unopened() {
        let late = TransportFailure.described(opening: IOError(errnoCode: ETIMEDOUT, reason: "connect"))
        #expect(late as? TransportFailure == TransportFailure(.unreachable, "no connection in time"))
        let full = TransportFailure.described(opening: IOError(errnoCode: EMFILE, reason: "socket"))
        #expect((full as? TransportFailure)?.reason == .tooManyOpenFiles)
        #expect(TransportFailure.described(opening: CancellationError()) is CancellationError)
    }

    @Test("A connection is used again; there are as many as exchanges at a time")
    func reuse() async throws {
        try await CountedConnections.serve { server in
            try await withConnections { connections in
                for _ in 0..<3 {
                    #expect(try await text(of: try started(server.url, over: connections)) == "ok")
                }
                #expect(server.accepted == 1)
                let held = try (0..<2).map { _ in try started("\(server.url)/held", over: connections) }
                try await server.reaches { $0.held == 2 }
                server.letGo()
                for exchange in held { #expect(try await text(of: exchange) == "ok") }
                for _ in 0..<3 {
                    #expect(try await text(of: try started(server.url, over: connections)) == "ok")
                }
                #expect(server.accepted == 2 && server.open == 2)
            }
            try await server.reaches { $0.open == 0 }
        }
    }

    @Test("One that was idle for too long is closed: when it would be used, and when it is looked for")
    func idle() async throws {
        try await CountedConnections.serve { server in
            try await withConnections(idleTime: .zero) { connections in
                for _ in 0..<2 {
                    #expect(try await text(of: try started(server.url, over: connections)) == "ok")
                }
                #expect(server.accepted == 2)
                try await server.reaches { $0.open == 1 }
                connections.sweep()
                try await server.reaches { $0.open == 0 }
            }
        }
    }

    @Test("One that its server closed while it was idle is not used any more")
    func closed() async throws {
        try await CountedConnections.serve { server in
            try await withConnections { connections in
                #expect(try await text(of: try started(server.url, over: connections)) == "ok")
                try await server.closeAll()
                // Until the end is noticed on this side.
                for _ in 0..<600 where connections.idleCount > 0 { try await Task.sleep(for: .milliseconds(50)) }
                #expect(connections.idleCount == 0)
                #expect(try await text(of: try started(server.url, over: connections)) == "ok")
                #expect(server.accepted == 2)
            }
        }
    }

    @Test("Closed for good, it lets exchanges end, and keeps no connection of theirs")
    func shutDown() async throws {
        try await CountedConnections.serve { server in
            try await withConnections { connections in
                let held = try (0..<2).map { _ in try started("\(server.url)/held", over: connections) }
                try await server.reaches { $0.held == 2 }
                connections.shutDown()
                server.letGo()
                for exchange in held { #expect(try await text(of: exchange) == "ok") }
                try await server.reaches { $0.open == 0 }
            }
        }
    }

    @Test("An exchange that is over before it has a connection leaves none open, neither a new one nor a kept one")
    func over() async throws {
        try await CountedConnections.serve { server in
            try await withConnections { connections in
                let early = try started(server.url, over: connections)
                early.fail(CancellationError())
                await #expect(throws: CancellationError.self) { try await early.response() }
                try await server.reaches { $0.accepted == 1 && $0.open == 0 }
                #expect(try await text(of: try started(server.url, over: connections)) == "ok")
                let late = try #require(DirectExchange(HTTPRequest(.get, server.url)))
                late.fail(CancellationError())
                connections.start(late, on: try loop)
                try await server.reaches { $0.open == 0 }
                #expect(try await text(of: try started(server.url, over: connections)) == "ok")
            }
        }
    }

    @Test("Of a name's addresses one answers, whether the others refuse or say nothing", arguments: [false, true])
    func addresses(isSilent: Bool) async throws {
        try await CountedConnections.serve { server in
            let dead = ["127.0.0.2", "127.0.0.3"]
            try await withFullQueues(at: isSilent ? dead : [], port: server.port) {
                let addresses = try [dead[0], "127.0.0.1", dead[1]].map {
                    try SocketAddress(ipAddress: $0, port: server.port)
                }
                try await withConnections(addresses: addresses) { connections in
                    for _ in 0..<3 {
                        let exchange = try started("http://several.test:\(server.port)", over: connections)
                        #expect(try await text(of: exchange) == "ok")
                    }
                    #expect(server.accepted == 1)
                }
            }
            try await withConnections(addresses: [try SocketAddress(ipAddress: dead[0], port: server.port)]) {
                let exchange = try started("http://dead.test:\(server.port)", over: $0)
                await #expect(throws: TransportFailure.self) { try await exchange.response() }
            }
        }
    }

    @Test("A transport has no more connections than exchanges may be made at a time; the others wait")
    func limit() async throws {
        try await CountedConnections.serve { server in
            try await AsyncHTTPTransport.withTransport(connections: 2) { transport in
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<40 {
                        group.addTask { try await transport.send(HTTPRequest(.get, server.url)).status }
                    }
                    for try await status in group { #expect(status == 200) }
                }
            }
            #expect((1...2).contains(server.accepted), "\(server.accepted)")
        }
    }

    /// Listens at addresses where a connection is neither accepted nor refused: those that wait to be accepted are too many.
    private func withFullQueues(at hosts: [String], port: Int, _ body: () async throws -> Void) async throws {
        var channels: [any Channel] = []
        let group = MultiThreadedEventLoopGroup.singleton
        for host in hosts {
            channels.append(
                try await ServerBootstrap(group: group).serverChannelOption(.backlog, value: 0)
                    .serverChannelOption(.autoRead, value: false).bind(host: host, port: port).get())
            var isFull = false
            for _ in 0..<64 where !isFull {
                do {
                    channels.append(
                        try await ClientBootstrap(group: group).connectTimeout(.milliseconds(500))
                            .connect(host: host, port: port).get())
                } catch {
                    isFull = true
                }
            }
            #expect(isFull)
        }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        for channel in channels { channel.close(promise: nil) }
        try result.get()
    }
}

/// Says for each name the same addresses.
private struct FixedAddresses: Resolver, Sendable {
    let addresses: [SocketAddress]
    let loop: any EventLoop

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        loop.makeSucceededFuture(addresses)
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        loop.makeSucceededFuture([])
    }

    func cancelQueries() {}
}

/// A server that answers `ok` to each request, to those for `/held` when it is told, and counts its connections.
private final class CountedConnections: Sendable {
    struct State {
        var accepted = 0
        var channels: [ObjectIdentifier: any Channel] = [:]
        var waiting: [any Channel] = []

        var open: Int { channels.count }
        var held: Int { waiting.count }
    }

    private let state = Mutex(State())
    private let place = Mutex(0)

    var port: Int { place.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }
    var accepted: Int { state.withLock { $0.accepted } }
    var open: Int { state.withLock { $0.open } }

    static func serve(_ body: (CountedConnections) async throws -> Void) async throws {
        let counted = CountedConnections()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.pipeline.addHandler(Answering(counted: counted))
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        counted.place.withLock { $0 = port }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(counted))
        } catch {
            result = .failure(error)
        }
        try await server.close()
        try result.get()
    }

    /// Waits until something is so, at most half a minute.
    func reaches(_ isSo: (State) -> Bool) async throws {
        for _ in 0..<600 {
            if state.withLock({ isSo($0) }) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        let (accepted, open, held) = state.withLock { ($0.accepted, $0.open, $0.held) }
        Issue.record("\(accepted) were accepted, \(open) are open, \(held) wait.")
    }

    /// Answers those that wait.
    func letGo() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for channel in waiting { Self.answer(channel) }
    }

    func closeAll() async throws {
        for channel in state.withLock({ Array($0.channels.values) }) { try await channel.close().get() }
    }

    private static func answer(_ channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), promise: nil)
    }

    private final class Answering: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        let counted: CountedConnections

        init(counted: CountedConnections) {
            self.counted = counted
        }

        func channelActive(context: ChannelHandlerContext) {
            let channel = context.channel
            counted.state.withLock { state in
                state.accepted += 1
                state.channels[ObjectIdentifier(channel)] = channel
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            let key = ObjectIdentifier(context.channel)
            counted.state.withLock { $0.channels[key] = nil }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let channel = context.channel
            let isHeld = String(buffer: unwrapInboundIn(data)).hasPrefix("GET /held ")
            guard isHeld else { return CountedConnections.answer(channel) }
            counted.state.withLock { $0.waiting.append(channel) }
        }
    }
}
