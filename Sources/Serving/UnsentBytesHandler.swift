import NIOCore

/// Closes a connection only once what was written to it has been sent: a connection of SwiftNIO that is closed drops what it
/// still holds, which is the end of an answer where its client reads slowly.
///
/// A client has a minute for it; what it sends meanwhile is not read, as on a connection that is closed. `CutOff` closes at once.
final class UnsentBytesHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let patience: TimeAmount
    /// Whether it is being closed, once all is sent.
    private var isClosing = false

    init(patience: TimeAmount = .seconds(60)) {
        self.patience = patience
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isClosing { context.fireChannelRead(data) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, holdsBytes(context) else { return context.close(mode: mode, promise: promise) }
        // Who closes again without a promise waits for nothing.
        guard !isClosing || promise != nil else { return }
        isClosing = true
        let sent = context.eventLoop.makePromise(of: Void.self)
        let late = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { context.close(promise: nil) }
        sent.futureResult.assumeIsolated().whenComplete { _ in
            late.cancel()
            context.close(promise: promise)
        }
        // Nothing, behind all else.
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: sent)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is CutOff else { return context.fireUserInboundEventTriggered(event) }
        context.close(promise: nil)
    }

    private func holdsBytes(_ context: ChannelHandlerContext) -> Bool {
        // One that cannot tell holds none.
        guard let held = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes) else { return false }
        return held > 0
    }
}

/// Tells a connection to close, whatever of an answer it still holds.
struct CutOff: Sendable {
    static func close(_ channel: any Channel) {
        channel.pipeline.fireUserInboundEventTriggered(CutOff())
    }
}
