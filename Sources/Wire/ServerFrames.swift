import NIOCore
import Synchronization

/// The frames of a streamed answer: with each step those that one chunk of the response completes, at least one.
///
/// Pieces of texts may hold secrets that were sent, since one may be cut by their ends; frames hold none.
/// - Throws: what the chunks throw; `TransportFailure` when a frame is too long.
package struct ServerFrames: AsyncSequence {
    /// Uses a part at once, on the thread that brings it and without waking the task that reads; false, and nothing done, for one
    /// that is the task's.
    package typealias AtOnce = @Sendable (FrameScanner.Part) -> Bool

    private let chunks: ResponseChunks
    private let scanner: FrameScanner
    private let sent: SentSecrets
    private var atOnce: AtOnce?

    init(_ chunks: ResponseChunks, _ scanner: FrameScanner, _ sent: SentSecrets) {
        self.chunks = chunks
        self.scanner = scanner
        self.sent = sent
    }

    /// The same frames but for those that are used at once. Only what the task waits for may be, in its order.
    package func using(atOnce: AtOnce?) -> ServerFrames {
        var frames = self
        frames.atOnce = atOnce
        return frames
    }

    package func makeAsyncIterator() -> Iterator {
        let chunks = chunks.makeAsyncIterator()
        return Iterator(
            chunks: chunks, frames: ArrivingFrames(scanner, sent, chunks.limit, atOnce), isSkimmed: atOnce != nil)
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate var chunks: ResponseChunks.Iterator
        fileprivate let frames: ArrivingFrames
        fileprivate let isSkimmed: Bool

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(any Error) -> [FrameScanner.Part]? {
            guard let limit = chunks.limit else { return try await read(actor) }
            return try await limit.waiting { try await read(actor) }
        }

        private mutating func read(_ actor: isolated (any Actor)?) async throws -> [FrameScanner.Part]? {
            let taker = isSkimmed ? frames.taker : nil
            while let chunk = try await chunks.take(actor, unless: taker) {
                let parts = try frames.parts(of: chunk)
                if !parts.isEmpty { return parts }
            }
            try Task.checkCancellation()  // A cancelled stream may end without an error.
            return nil
        }
    }
}

/// The frames of a response as its chunks arrive.
private final class ArrivingFrames: Sendable {
    private struct State {
        var scanner: FrameScanner
        /// What was not used at once.
        var left: [FrameScanner.Part] = []
        var failure: ServerSentEventParser.Overflow?
    }

    private let state: Mutex<State>
    private let sent: SentSecrets
    private let limit: TimeLimit?
    private let atOnce: ServerFrames.AtOnce?

    init(_ scanner: FrameScanner, _ sent: SentSecrets, _ limit: TimeLimit?, _ atOnce: ServerFrames.AtOnce?) {
        state = Mutex(State(scanner: scanner))
        self.sent = sent
        self.limit = limit
        self.atOnce = atOnce
    }

    /// What was left before, and what a chunk completes.
    func parts(of chunk: ByteBuffer) throws -> [FrameScanner.Part] {
        let parts = try scan(chunk)
        return state.withLock { state in
            defer { state.left = [] }
            return state.left + parts
        }
    }

    var taker: DirectExchange.Taker {
        { self.take($0) }
    }

    /// Uses what a chunk completes at once, as far as that can be.
    /// - Returns: Whether nothing is left.
    private func take(_ chunk: ByteBuffer) -> Bool {
        guard let atOnce, let parts = try? scan(chunk) else { return false }
        guard let first = parts.firstIndex(where: { !atOnce($0) }) else {
            if !parts.isEmpty { limit?.beginAnew() }
            return true
        }
        state.withLock { $0.left += parts[first...] }
        return false
    }

    /// - Throws: `TransportFailure` when a frame is too long, again with each chunk after that.
    private func scan(_ chunk: ByteBuffer) throws -> [FrameScanner.Part] {
        let parts = try state.withLock { state throws(TransportFailure) in
            do throws(ServerSentEventParser.Overflow) {
                if let failure = state.failure { throw failure }
                return try state.scanner.read(chunk.readableBytesView)
            } catch {
                state.failure = error
                throw TransportFailure(.broken, "An event is longer than \(error.limit >> 20) MiB.")
            }
        }
        return sent.isEmpty ? parts : parts.map(cleared)
    }

    private func cleared(_ part: FrameScanner.Part) -> FrameScanner.Part {
        guard case .frame(let data) = part else { return part }
        return .frame(sent.cleared(json: data))
    }
}
