import NIOCore
import NIOEmbedded
import Testing

@testable import Serving

@Suite("Connections")
struct ConnectionsTests {
    /// Counts how often a connection was told to make room.
    private final class Told: ChannelInboundHandler {
        typealias InboundIn = Any
        private(set) var count = 0

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is ChannelShouldQuiesceEvent { count += 1 }
        }
    }

    @Test("Who has to make room is told once, though it is still there, and then the next one is; a busy one is not")
    func room() throws {
        let connections = Connections(limit: 4, rest: .zero)
        var (channels, told): ([EmbeddedChannel], [Told]) = ([], [])
        for _ in 0..<4 {
            let (channel, counter) = (EmbeddedChannel(), Told())
            try channel.pipeline.syncOperations.addHandlers([connections.watcher(), counter])
            channels.append(channel)
            told.append(counter)
        }
        connections[channels[1]]?.note(isIdle: false)
        for expected in [[1, 0, 0, 0], [1, 0, 1, 0], [1, 0, 1, 1], [1, 0, 1, 1]] {
            connections.makeRoom(among: 4)
            #expect(told.map(\.count) == expected)
        }
        connections.makeRoom(among: 3)
        connections[channels[1]]?.note(isIdle: true)
        #expect(told[1].count == 0 && connections.count == 4)
        connections.makeRoom(among: 4)
        #expect(told[1].count == 1)
    }

    @Test("A client that reads nothing is cut off after a while; one that goes on reading is not")
    func stalled() throws {
        let connections = Connections(limit: 4, stall: .seconds(60))
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([UnsentBytesHandler(), connections.watcher()])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        func becomes(writable: Bool, for time: TimeAmount) {
            channel.isWritable = writable
            channel.pipeline.fireChannelWritabilityChanged()
            channel.embeddedEventLoop.advanceTime(by: time)
        }
        for _ in 0..<3 {
            becomes(writable: false, for: .seconds(59))
            becomes(writable: true, for: .seconds(59))
        }
        #expect(channel.isActive)
        let connection = try #require(connections[channel])
        becomes(writable: false, for: .seconds(61))
        #expect(!channel.isActive && connection.isGone)
    }
}
