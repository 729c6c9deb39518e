import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import Serving

/// Connections whose clients take nothing, or only slowly, of what was written before they were closed.
@Suite("Unsent bytes", .timeLimit(.minutes(5)))
struct UnsentBytesTests {
    /// More than the system keeps for a connection that is not read.
    private static let count = 16 << 20

    /// Writes all at once, and closes.
    private final class Hasty: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelActive(context: ChannelHandlerContext) {
            let bytes = ByteBuffer(repeating: 120, count: UnsentBytesTests.count)
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            context.close(promise: nil)
        }
    }

    /// - Parameter body: Gets the port, and what happens once a connection of the server is closed.
    private func served(
        patience: TimeAmount, whenActive: @escaping @Sendable (any Channel) -> Void = { _ in },
        _ body: (Int, Happening) async throws -> Void
    ) async throws {
        let closed = Happening()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.closeFuture.whenComplete { _ in closed.happen() }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(UnsentBytesHandler(patience: patience))
                    try channel.pipeline.syncOperations.addHandler(Hasty())
                    whenActive(channel)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(server.localAddress?.port ?? 0, closed)
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }

    @Test("A connection that is closed ends once all that was written is sent, however late its client reads it")
    func slow() async throws {
        try await served(patience: .seconds(60)) { port, closed in
            let channel = try await HostileRequestTests.connection(port)
            let taken = try await channel.executeThenClose { inbound, _ in
                try await Task.sleep(for: .milliseconds(300))
                #expect(!closed.hasHappened)
                return try await inbound.reduce(0) { $0 + $1.readableBytes }
            }
            #expect(taken == Self.count)
            await closed.wait()
            #expect(closed.hasHappened)
        }
    }

    @Test("A client that takes nothing has its time only")
    func deaf() async throws {
        try await served(patience: .milliseconds(200)) { port, closed in
            let channel = try await HostileRequestTests.connection(port)
            try await channel.executeThenClose { _, _ in
                await closed.wait()
                #expect(closed.hasHappened)
            }
        }
    }

    /// Keeps what is written, as a connection whose client takes nothing yet.
    private final class Clogged: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        var takesAll = false

        func flush(context: ChannelHandlerContext) {
            if takesAll { context.flush() }
        }
    }

    @Test("What comes on a connection that is being closed is not read: its answer would be lost")
    func late() throws {
        let (channel, clogged) = (EmbeddedChannel(), Clogged())
        try channel.pipeline.syncOperations.addHandlers([clogged, UnsentBytesHandler()])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let bytes = ByteBuffer(string: "GET / HTTP/1.1")
        try channel.writeInbound(bytes)
        #expect(try channel.readInbound(as: ByteBuffer.self) == bytes)
        channel.writeAndFlush(bytes, promise: nil)
        channel.close(promise: nil)
        #expect(channel.isActive)
        try channel.writeInbound(bytes)
        #expect(try channel.readInbound(as: ByteBuffer.self) == nil)
        clogged.takesAll = true
        channel.flush()
        #expect(!channel.isActive)
    }

    /// A connection that holds an answer which has ended.
    private func held(_ clogged: Clogged) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([clogged, UnsentBytesHandler(patience: .seconds(60))])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        channel.writeAndFlush(ByteBuffer(string: "answer"), promise: nil)
        AnswerEnd.note(on: channel)
        return channel
    }

    @Test("A client has its time once: since the end of its answer, whether its connection is closed meanwhile or not")
    func once() throws {
        for closes in [true, false] {
            let channel = try held(Clogged())
            channel.embeddedEventLoop.advanceTime(by: .seconds(59))
            AnswerEnd.note(on: channel)
            if closes { channel.close(promise: nil) }
            #expect(channel.isActive)
            channel.embeddedEventLoop.advanceTime(by: .seconds(2))
            #expect(!channel.isActive)
        }
    }

    @Test("A client that has taken its answer has all its time for the next one")
    func next() throws {
        let clogged = Clogged()
        let channel = try held(clogged)
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        clogged.takesAll = true
        channel.flush()
        AnswerEnd.note(on: channel)
        channel.embeddedEventLoop.advanceTime(by: .seconds(600))
        #expect(channel.isActive)
        clogged.takesAll = false
        channel.writeAndFlush(ByteBuffer(string: "next"), promise: nil)
        AnswerEnd.note(on: channel)
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
    }

    @Test("What is cut off is closed at once")
    func cut() async throws {
        try await served(
            patience: .seconds(600),
            whenActive: { channel in
                channel.eventLoop.scheduleTask(in: .milliseconds(200)) { CutOff.close(channel) }
            }
        ) { port, closed in
            let channel = try await HostileRequestTests.connection(port)
            try await channel.executeThenClose { _, _ in
                await closed.wait()
                #expect(closed.hasHappened)
            }
        }
    }
}
