package import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTP1
import Synchronization
import Wire

/// HTTP/1.1 on connections that are accepted, whether they are served after that or not.
///
/// A server that stops drops connections that came in that moment, and an async channel of SwiftNIO that is dropped without
/// having been used ends the program ("Deinited NIOAsyncWriter without calling finish()", swift-nio 2637). These close.
package struct AcceptedConnections: ServerChildChannel {
    private let http: HTTP1Channel
    /// nil for an answer without words, by a server that may wait between the head and the body of an answer.
    private let unreadable: UnreadableRequestHandler.Answer?

    package init(_ http: HTTP1Channel) {
        (self.http, unreadable) = (http, nil)
    }

    /// For a server that has the beginning of a body when it writes a head.
    /// - Parameter unreadable: Makes the answer to what cannot be read as HTTP.
    init(_ http: HTTP1Channel, unreadable: @escaping UnreadableRequestHandler.Answer) {
        (self.http, self.unreadable) = (http, unreadable)
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { connection in
            let pipeline = channel.pipeline.syncOperations
            let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
            let patience = http.configuration.idleTimeout ?? .seconds(60)
            try pipeline.addHandler(UnsentBytesHandler(patience: patience), position: .before(encoder))
            // What comes next in the pipeline does not know which version of HTTP a request came in.
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(HTTP10Handler(holdsHeads: unreadable != nil), position: .after(decoder))
            if let unreadable {
                let received = ReceivedBytesHandler()
                try pipeline.addHandler(received, position: .before(decoder))
                try pipeline.addHandler(
                    UnreadableRequestHandler(counting: received, unreadable), position: .after(decoder))
            }
            return AcceptedConnection(connection)
        }
    }

    /// On the thread that reads and writes the connection.
    package func handle(value: AcceptedConnection, logger: Logger) async {
        await withTaskExecutorPreference(LoopExecutor.on(value.channel.eventLoop)) {
            await http.handle(value: value.served(), logger: logger)
        }
    }
}

/// A connection that was accepted. It is closed when nobody serves it.
package final class AcceptedConnection: ServerChildChannelValue {
    private let connection: HTTP1Channel.Value
    private let isServed = Atomic(false)

    fileprivate init(_ connection: HTTP1Channel.Value) {
        self.connection = connection
    }

    deinit {
        guard !isServed.load(ordering: .relaxed) else { return }
        connection.finishUnused()
        connection.channel.close(promise: nil)
    }

    package var channel: any Channel {
        connection.channel
    }

    /// The connection, for who ends it.
    fileprivate func served() -> HTTP1Channel.Value {
        isServed.store(true, ordering: .relaxed)
        return connection
    }
}

/// What is deprecated for those who use a connection is what one that is not used needs.
private protocol Unused {
    associatedtype Outbound: Sendable
    var outbound: NIOAsyncChannelOutboundWriter<Outbound> { get }
}

extension Unused {
    fileprivate func finishUnused() {
        outbound.finish()
    }
}

extension NIOAsyncChannel: Unused {}
