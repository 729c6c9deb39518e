import NIOCore
import NIOHTTP1

/// Answers in HTTP/1.0 who asks in it, as proxies may: without chunks, and the end of the connection is the end of the answer.
/// Who asks for it in other letters than the server of this package reads (`Connection: Close`) gets that end as well, and who
/// asks to go on in another protocol: what comes after such a request is not read any more.
///
/// It may send the heads of answers with the beginnings of their bodies, where these follow at once, and the last parts of
/// bodies with their ends (`LastPart`). Pieces of bodies may be sent past the other handlers (`send`).
final class HTTP10Handler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Whether each request that is read and not answered yet came in HTTP/1.0.
    private var asked = CircularBuffer<Bool>(initialCapacity: 4)
    private let holdsHeads: Bool
    /// What is longer does not wait: the end is written only once the connection takes more, which it may not before.
    private static let mostHeld = 16 << 10
    /// Whether what was written last is the head of an answer, which waits for its body, or the end of a body, which waits for
    /// that of the answer.
    private var isHeld = false
    /// Whether the next part of a body is the last one.
    private var isLast = false
    /// Whether the head of an answer without a length was written, and not its end: parts of its body are chunks.
    private var isChunked = false
    private var own: ChannelHandlerContext?
    /// Behind what writes heads, and what stands around chunks.
    private var outlet: ChannelHandlerContext?

    init(holdsHeads: Bool) {
        self.holdsHeads = holdsHeads
    }

    func handlerAdded(context: ChannelHandlerContext) {
        own = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        (own, outlet) = (nil, nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        let isOld = (head.version.major, head.version.minor) < (1, 1)
        asked.append(isOld)
        guard isOld || !head.isKeepAlive || head.headers.contains(name: "upgrade") else {
            return context.fireChannelRead(data)
        }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            isHeld = holdsHeads
            isChunked = !head.headers.contains(name: "content-length")
            guard asked.popFirst() == true else { break }
            isChunked = false
            head.version = .http1_0
            head.headers.replaceOrAdd(name: "connection", value: "close")
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let part):
            isHeld = isLast && part.readableBytes <= Self.mostHeld
            isLast = false
        case .head: isHeld = false
        case .end: (isHeld, isChunked) = (false, false)
        }
        context.write(data, promise: promise)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is LastPart else { return context.triggerUserOutboundEvent(event, promise: promise) }
        isLast = holdsHeads
        promise?.succeed()
    }

    /// Sends a piece of a body on the shortest way: that of a writer takes longer than all else about a piece. By who is on the
    /// thread of the connection, and has seen that it takes more.
    func send(_ piece: ByteBuffer) {
        guard let own else { return }  // The connection has ended.
        if outlet == nil {
            // Where there is none, the piece goes the usual way.
            outlet = try? own.pipeline.syncOperations.context(handlerType: UnsentBytesHandler.self)
        }
        guard isChunked, !isHeld, !isLast, let outlet else {
            write(context: own, data: wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
            return flush(context: own)
        }
        var chunk = own.channel.allocator.buffer(capacity: piece.readableBytes + Self.aroundChunk)
        chunk.writeString(String(piece.readableBytes, radix: 16))
        chunk.writeStaticString("\r\n")
        chunk.writeImmutableBuffer(piece)
        chunk.writeStaticString("\r\n")
        outlet.writeAndFlush(NIOAny(IOData.byteBuffer(chunk)), promise: nil)
    }

    /// What stands around a chunk at most, in bytes.
    private static let aroundChunk = 20

    func flush(context: ChannelHandlerContext) {
        if !isHeld { context.flush() }
    }
}

/// Tells that the next part of a body is the last one, and that its end follows at once.
struct LastPart: Sendable {}
