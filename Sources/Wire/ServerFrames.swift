import NIOCore

/// The frames of a streamed answer: with each step those that one chunk of the response completes, at least one.
///
/// Pieces of texts may hold secrets that were sent, since one may be cut by their ends; frames hold none.
/// - Throws: what the chunks throw; `TransportFailure` when a frame is too long.
package struct ServerFrames: AsyncSequence {
    private let chunks: ResponseChunks
    private let scanner: FrameScanner
    private let sent: SentSecrets

    init(_ chunks: ResponseChunks, _ scanner: FrameScanner, _ sent: SentSecrets) {
        self.chunks = chunks
        self.scanner = scanner
        self.sent = sent
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(chunks: chunks.makeAsyncIterator(), scanner: scanner, sent: sent)
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate var chunks: ResponseChunks.Iterator
        fileprivate var scanner: FrameScanner
        fileprivate let sent: SentSecrets

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(any Error) -> [FrameScanner.Part]? {
            guard let limit = chunks.limit else { return try await read(actor) }
            return try await limit.waiting { try await read(actor) }
        }

        private mutating func read(_ actor: isolated (any Actor)?) async throws -> [FrameScanner.Part]? {
            while let chunk = try await chunks.take(actor) {
                let parts: [FrameScanner.Part]
                do {
                    parts = try scanner.read(chunk.readableBytesView)
                } catch {
                    throw TransportFailure(.broken, "An event is longer than \(error.limit >> 20) MiB.")
                }
                if !parts.isEmpty { return sent.isEmpty ? parts : parts.map(cleared) }
            }
            try Task.checkCancellation()  // A cancelled stream may end without an error.
            return nil
        }

        private func cleared(_ part: FrameScanner.Part) -> FrameScanner.Part {
            guard case .frame(let data) = part else { return part }
            return .frame(sent.cleared(json: data))
        }
    }
}
