import Language
import NIOCore
import NIOHTTP1
import Synchronization

/// One request, and its response as it is read: little is read before it is wanted.
final class DirectExchange: Sendable {
    private struct State {
        var head: HTTPResponseHead?
        var chunks: [ByteBuffer] = []
        /// Of the chunks, in bytes.
        var buffered = 0
        var isWhole = false
        var failure: (any Error)?
        /// The task that waits for more.
        var waiting: CheckedContinuation<Void, Never>?
        /// Whether there is one: to look at a continuation takes longer than all else here.
        var isAwaited = false
        /// Takes the chunks that come while a task waits; nil while none does.
        var taker: Taker?
        /// Whether it has left something to the task.
        var isLeft = false
        /// nil while there is no connection, and once it is left.
        var channel: (any Channel)?
        /// Whether the connection reads, or is going to.
        var isReading = false

        /// The task that waits is to be resumed.
        mutating func wake() -> CheckedContinuation<Void, Never>? {
            guard isAwaited else { return nil }
            (isAwaited, taker) = (false, nil)
            return waiting.take()
        }

        mutating func nextChunk() -> ByteBuffer? {
            if isLeft {
                isLeft = false
                return ByteBuffer()
            }
            guard !chunks.isEmpty else { return nil }
            let chunk = chunks.removeFirst()
            buffered -= chunk.readableBytes
            return chunk
        }
    }

    /// Takes a chunk on the thread of the event loop, and returns whether nothing of it is left for the task that waits.
    typealias Taker = @Sendable (ByteBuffer) -> Bool

    /// How many bytes may be there before more are read that nobody waits for. Where none may, the system is told twice for each
    /// piece of a stream, that the connection is to be looked at and that it is not.
    private static let ahead = 16 << 10

    let place: DirectPlace
    private let head: HTTPRequestHead
    private let body: [UInt8]
    private let state = Mutex(State())

    /// nil for a request that cannot be sent in this way: with a file, or with an invalid header.
    init?(_ request: HTTPRequest) {
        guard let place = DirectPlace(request.url) else { return nil }
        self.place = place
        switch request.body {
        case .bytes(let bytes): body = bytes
        case nil: body = []
        case .file: return nil
        }
        var headers = HTTPHeaders([("host", place.authority)])
        request.add(to: &headers)
        guard headers.allSatisfy({ Self.isHeader($0.name, $0.value) }) else { return nil }
        if request.body != nil || request.method != .get && request.method != .delete {
            headers.replaceOrAdd(name: "content-length", value: String(body.count))
        }
        head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: place.target,
            headers: headers)
    }

    private static func isHeader(_ name: String, _ value: String) -> Bool {
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            case _: false
            }
        }
        return isName && !name.isEmpty && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    /// Decides, once something was read, whether the connection is to read more now; else it does when more is waited for.
    func readsMore() -> Bool {
        state.withLock { state in
            state.isReading = state.isAwaited || state.buffered < Self.ahead
            return state.isReading
        }
    }

    /// Sends the request over a connection.
    /// - Parameter sent: Succeeds once all of it is written; failed when nothing is sent.
    /// - Returns: Whether it was sent: an exchange that is over no longer needs a connection.
    func send(over channel: any Channel, _ sent: EventLoopPromise<Void>) -> Bool {
        let isWanted = state.withLock { state in
            guard state.failure == nil else { return false }
            (state.channel, state.isReading) = (channel, true)
            return true
        }
        guard isWanted else {
            sent.fail(CancellationError())
            return false
        }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !body.isEmpty {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: sent)
        channel.read()
        return true
    }

    /// The connection has brought a part of the response.
    func take(_ part: HTTPClientResponsePart) {
        var isLeft = false
        if case .body(let chunk) = part, let taker = state.withLock({ $0.taker }) {
            // Without the lock: the taker may bring about that this ends.
            guard !taker(chunk) else { return }
            isLeft = true
        }
        let waiting = state.withLock { state in
            switch part {
            case .head(let head): state.head = head
            case .body where isLeft: state.isLeft = true
            case .body(let chunk):
                state.chunks.append(chunk)
                state.buffered += chunk.readableBytes
            case .end: (state.isWhole, state.channel) = (true, nil)
            }
            return state.wake()
        }
        waiting?.resume()
    }

    /// Ends it, unless the response is complete: its connection is closed, and its reader gets the error.
    func fail(_ error: any Error) {
        let (waiting, channel) = state.withLock { state in
            guard !state.isWhole, state.failure == nil else {
                return (nil, nil) as (CheckedContinuation<Void, Never>?, (any Channel)?)
            }
            state.failure = error
            defer { state.channel = nil }
            return (state.wake(), state.channel)
        }
        // Not here: another task may be being cancelled, and what closing brings about may want its lock.
        if let channel { channel.eventLoop.execute { channel.close(promise: nil) } }
        waiting?.resume()
    }

    /// The head of the response.
    func response() async throws -> HTTPResponseHead {
        while true {
            let (head, failure) = state.withLock { ($0.head, $0.failure) }
            if let head { return head }
            if let failure { throw failure }
            await more()
        }
    }

    /// The next chunk of the body; nil after the last one.
    ///
    /// - Parameter taker: Takes the chunks that come while this waits; once it leaves something, an empty chunk is the next one.
    func next(unless taker: Taker? = nil) async throws -> ByteBuffer? {
        while true {
            let (chunk, isWhole, failure) = state.withLock { state in
                (state.nextChunk(), state.isWhole, state.failure)
            }
            if let chunk { return chunk }
            if isWhole { return nil }
            if let failure { throw failure }
            await more(unless: taker)
        }
    }

    /// Returns when there is more than there was, at the latest when it fails.
    private func more(unless taker: Taker? = nil) async {
        await withCheckedContinuation { continuation in
            let (isThere, channel) = state.withLock { state -> (Bool, (any Channel)?) in
                guard state.chunks.isEmpty, !state.isWhole, state.failure == nil else { return (true, nil) }
                (state.waiting, state.isAwaited, state.taker) = (continuation, true, taker)
                guard !state.isReading else { return (false, nil) }
                state.isReading = state.channel != nil
                return (false, state.channel)
            }
            channel?.read()
            if isThere { continuation.resume() }
        }
    }
}

/// The body of a response.
struct DirectBody: AsyncSequence, Sendable {
    let exchange: DirectExchange

    func makeAsyncIterator() -> Iterator {
        Iterator(exchange: exchange)
    }

    struct Iterator: AsyncIteratorProtocol {
        let exchange: DirectExchange

        func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> ByteBuffer? {
            try await exchange.next()
        }
    }
}
