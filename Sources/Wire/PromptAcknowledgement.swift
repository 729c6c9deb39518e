#if os(Linux)
    import NIOCore

    /// Acknowledges received data at once, instead of up to 40 ms later.
    ///
    /// A server that sends the head and the body of its response separately, and waits for the acknowledgement of the
    /// first before it sends the second (Nagle's algorithm), would otherwise cost those 40 ms on every request of a
    /// kept connection. MLflow with several workers, its default, is such a server: the workers inherit their listening
    /// socket, and `TCP_NODELAY` is not set on accepted connections. Linux resets the option from time to time, so it
    /// is set at every read.
    final class PromptAcknowledgement: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        /// `TCP_QUICKACK` of `<netinet/tcp.h>`.
        private static let option = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 12))

        /// Adds a handler to a new connection.
        static func add(to channel: any Channel) -> EventLoopFuture<Void> {
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(PromptAcknowledgement(), position: .first)
            }
        }

        /// Asks for it once, for what comes next.
        static func ask(of channel: any Channel) {
            // A connection without the option is only slower.
            try? channel.syncOptions?.setOption(option, value: 1)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            Self.ask(of: context.channel)
            context.fireChannelRead(data)
        }
    }
#endif
