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
}
