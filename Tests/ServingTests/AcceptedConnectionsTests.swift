import HummingbirdCore
import Logging
import NIOCore
import NIOEmbedded
import Serving
import Testing

struct AcceptedConnectionsTests {
    @Test("A connection that was accepted and that nobody serves, as one that comes while the server stops, is closed")
    func unserved() throws {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let connections = AcceptedConnections(HTTP1Channel { _, _, _ in })
        // The program would end here, where SwiftNIO's own channel was dropped.
        _ = try connections.setup(channel: channel, logger: Logger(label: "test")).wait()
        channel.embeddedEventLoop.run()
        #expect(!channel.isActive)
    }
}
