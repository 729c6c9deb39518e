import NIOCore

/// Closes a connection only once what was written to it has been sent: a connection of SwiftNIO that is closed drops what it
/// still holds, which is the end of an answer where its client reads slowly.
///
/// A client has its time for that since the end of the answer (`AnswerEnd`), whether the connection is closed meanwhile or not;
/// what it sends once it is closed is not read. `CutOff` closes at once.
final class UnsentBytesHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let patience: TimeAmount
    /// Whether it is being closed, once all is sent.
    private var isClosing = false
    /// Since when the first answer that has ended is not all sent; nil where there is none.
    private var since: NIODeadline?

    /// - Parameter patience: How long a client may take for what is held when an answer has ended.
    init(patience: TimeAmount = .seconds(60)) {
        self.patience = patience
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isClosing { context.fireChannelRead(data) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, AnswerEnd.isHeld(by: context.channel) else {
            return context.close(mode: mode, promise: promise)
        }
        // Who closes again without a promise waits for nothing.
        guard !isClosing || promise != nil else { return }
        isClosing = true
        allSent(by: (since ?? context.eventLoop.now) + patience, context).assumeIsolated().whenComplete { _ in
            context.close(promise: promise)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is CutOff: context.close(promise: nil)
        case is AnswerEnd:
            guard since == nil else { return }
            let now = context.eventLoop.now
            since = now
            allSent(by: now + patience, context).assumeIsolated().whenComplete { _ in self.since = nil }
        case _: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Completes when all that was written has been sent, or the connection is closed, as it is when that takes longer.
    private func allSent(by end: NIODeadline, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        let sent = context.eventLoop.makePromise(of: Void.self)
        let late = context.eventLoop.assumeIsolated().scheduleTask(deadline: end) { context.close(promise: nil) }
        sent.futureResult.assumeIsolated().whenComplete { _ in late.cancel() }
        // Nothing, behind all else.
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: sent)
        return sent.futureResult
    }
}

/// Tells a connection that an answer has ended, and is not all sent yet.
struct AnswerEnd: Sendable {
    static func note(on channel: any Channel) {
        guard channel.eventLoop.inEventLoop else { return channel.eventLoop.execute { note(on: channel) } }
        if isHeld(by: channel) { channel.pipeline.fireUserInboundEventTriggered(AnswerEnd()) }
    }

    /// Whether a connection holds bytes that the system does not take yet. On its thread.
    fileprivate static func isHeld(by channel: any Channel) -> Bool {
        // One that cannot tell holds none.
        guard let held = try? channel.syncOptions?.getOption(.bufferedWritableBytes) else { return false }
        return held > 0
    }
}

/// Tells a connection to close, whatever of an answer it still holds.
struct CutOff: Sendable {
    static func close(_ channel: any Channel) {
        channel.pipeline.fireUserInboundEventTriggered(CutOff())
    }
}
