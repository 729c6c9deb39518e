#if os(Linux)
    import NIOCore

    /// Acknowledges what arrives at once, instead of up to 40 ms later.
    ///
    /// A server that sends the head of its answer and the body one after the other, and waits for the first to be
    /// acknowledged before it sends the second (Nagle's algorithm), otherwise costs those 40 ms on every request of a kept
    /// connection. MLflow with more than one worker, its default, is one: its workers inherit their listening socket, and
    /// `TCP_NODELAY` is not set on what it accepts. Linux forgets the option now and then, so it is set at every read.
    final class PromptAcknowledgement: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        /// `TCP_QUICKACK` of `<netinet/tcp.h>`.
        private static let option = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 12))

        /// Puts one at the head of a new connection.
        static func add(to channel: any Channel) -> EventLoopFuture<Void> {
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(PromptAcknowledgement(), position: .first)
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            // A connection that cannot do it is only slower.
            try? context.channel.syncOptions?.setOption(Self.option, value: 1)
            context.fireChannelRead(data)
        }
    }
#endif
