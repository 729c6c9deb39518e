import NIOCore
import NIOHTTP1

/// Answers what cannot be read as HTTP as all else that is refused: in JSON, with why. It is the last answer of its connection.
///
/// The server of this package answers it with an empty 400 as soon as what came before is answered; here that gets its words.
/// What was answered before it had come to its end, such as a request without a route, gets no second answer. In the same way is
/// refused what two servers may read in two ways, a body with much more around its chunks than in them, and requests that are
/// sent before those before them are answered, when they are too many.
final class UnreadableRequestHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart
    /// Makes the whole answer; it is to be noted unless its request has been taken, and noted as one that broke off.
    typealias Answer =
        @Sendable (_ error: ServedError, _ isToBeNoted: Bool) -> (head: HTTPResponseHead, body: ByteBuffer)

    /// How often more is read of what nobody wants: bytes that stay unread would break the connection before its answer is
    /// read.
    private static let patience = 16
    /// How many requests of a connection may be unanswered, and how many parts may come at once of those behind the first: they
    /// wait in memory, where they take many times what was sent, as long as the client takes no answers.
    private static let (mostUnanswered, mostParts) = (64, 1_024)
    /// How many bytes may come around the chunks of a body that are no part of it, beside twice what is in them and 16 for each:
    /// what is said of chunks, and fields behind the last.
    private static let mostAround = 64 << 10

    private let answer: Answer
    private let received: ReceivedBytesHandler
    /// How many requests have begun and are not answered yet.
    private var unanswered = 0
    /// How many parts of requests came at once.
    private var parts = 0
    /// Whether the last one that has begun has not come to its end.
    private var isWithin = false
    /// How many bytes had come with the head of the last one, and may since.
    private var allowed = 0
    /// nil while all can be read.
    private var failure: ServedError?
    private var reads = 0
    /// Whether nothing more is said.
    private var isSilent = false

    /// - Parameter received: Counts what is read here, before it is read as HTTP.
    init(counting received: ReceivedBytesHandler, _ answer: @escaping Answer) {
        (self.received, self.answer) = (received, answer)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        parts += 1
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard unanswered < Self.mostUnanswered else { return fail(.tooManyAhead, context) }
            if let error = ServedError(unfit: head) { return fail(error, context) }
            (unanswered, isWithin, allowed) = (unanswered + 1, true, received.count + Self.mostAround)
        case .body(let part):
            // Only on purpose a body is cut into so many.
            guard unanswered < 2 || parts <= Self.mostParts else { return CutOff.close(context.channel) }
            allowed += 3 * part.readableBytes + 16
        case .end: isWithin = false
        }
        context.fireChannelRead(data)
    }

    private func fail(_ error: ServedError, _ context: ChannelHandlerContext) {
        failure = error
        // For the server of this package that is the same as what cannot be read.
        context.fireErrorCaught(HTTPParserError.unknown)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        parts = 0
        if failure == nil, isWithin, received.count > allowed { fail(ServedError(unreadable: .unknown), context) }
        if failure != nil, reads < Self.patience {
            reads += 1
            context.read()
        }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard failure == nil else { return }  // All that comes later is as little.
        if let error = error as? HTTPParserError { failure = ServedError(unreadable: error) }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isSilent else {
            promise?.succeed()
            return
        }
        guard case .head(let head) = unwrapOutboundIn(data), head.status.code >= 200 else {
            return context.write(data, promise: promise)
        }
        // Every answer of ours has an id.
        guard let failure, !head.headers.contains(name: "x-request-id") else {
            unanswered -= 1
            return context.write(data, promise: promise)
        }
        isSilent = true
        if isWithin, unanswered <= 0 {
            promise?.succeed()
        } else {
            tell(failure, context, promise)
        }
        RequestHandler.cutOff(context.channel)
    }

    private func tell(_ failure: ServedError, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let (head, body) = answer(failure, !isWithin)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }
}

extension ServedError {
    fileprivate static let tooManyAhead = ServedError(
        .tooMany, code: "too_many_ahead",
        "Too many requests were sent on one connection before the first of them was answered.", retryAfter: 1)

    /// What cannot be read as HTTP.
    init(unreadable error: HTTPParserError) {
        switch error {
        case .headerOverflow:
            self.init(
                .headTooLarge, code: "head_too_large",
                "The head of the request is too large: all of it has at most 32 KiB, a line 16 KiB, and 100 headers.")
        case _:
            self.init(
                .badRequest, code: "invalid_http", "What was sent cannot be read as a request of HTTP/1.1.")
        }
    }
}
