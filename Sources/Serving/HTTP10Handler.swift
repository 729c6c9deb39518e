import NIOCore
import NIOHTTP1

/// Answers in HTTP/1.0 who asks in it, as proxies may: without chunks, and the end of the connection is the end of the answer.
/// Who asks for it in other letters than the server of this package reads (`Connection: Close`) gets that end as well, and who
/// asks to go on in another protocol: what comes after such a request is not read any more.
///
/// It may send the heads of answers with the beginnings of their bodies, where these follow at once, and the last parts of
/// bodies with their ends (`LastPart`). Pieces of bodies may come as events (`Piece`).
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

    init(holdsHeads: Bool) {
        self.holdsHeads = holdsHeads
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
            guard asked.popFirst() == true else { break }
            head.version = .http1_0
            head.headers.replaceOrAdd(name: "connection", value: "close")
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let part):
            isHeld = isLast && part.readableBytes <= Self.mostHeld
            isLast = false
        case .head, .end: isHeld = false
        }
        context.write(data, promise: promise)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case is LastPart:
            isLast = holdsHeads
            promise?.succeed()
        case let piece as Piece:
            write(context: context, data: wrapOutboundOut(.body(.byteBuffer(piece.bytes))), promise: promise)
            flush(context: context)
        case _: context.triggerUserOutboundEvent(event, promise: promise)
        }
    }

    func flush(context: ChannelHandlerContext) {
        if !isHeld { context.flush() }
    }
}

/// Tells that the next part of a body is the last one, and that its end follows at once.
struct LastPart: Sendable {}

/// A piece of a body on a shorter way than that of a writer, which takes longer than all else about a piece: by who is on the
/// thread of the connection, and has seen that it takes more.
struct Piece: Sendable {
    let bytes: ByteBuffer
}
