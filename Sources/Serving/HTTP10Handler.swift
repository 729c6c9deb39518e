import NIOCore
import NIOHTTP1

/// Answers in HTTP/1.0 who asks in it, as proxies may: without chunks, and the end of the connection is the end of the answer.
/// Who asks for it in other letters than the server of this package reads (`Connection: Close`) gets that end as well, and who
/// asks to go on in another protocol: what comes after such a request is not read any more.
///
/// It may send the heads of answers with the beginnings of their bodies, where these follow at once.
final class HTTP10Handler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Whether each request that is read and not answered yet came in HTTP/1.0.
    private var asked = CircularBuffer<Bool>(initialCapacity: 4)
    private let holdsHeads: Bool
    /// Whether what was written last is the head of an answer, which waits for its body.
    private var isHeld = false

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
        guard case .head(var head) = unwrapOutboundIn(data), head.status.code >= 200 else {
            isHeld = false
            return context.write(data, promise: promise)
        }
        isHeld = holdsHeads
        guard asked.popFirst() == true else { return context.write(data, promise: promise) }
        head.version = .http1_0
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        if !isHeld { context.flush() }
    }
}
