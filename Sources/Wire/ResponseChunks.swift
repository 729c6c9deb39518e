package import NIOCore

/// The body of a response as it arrives. Little more is read from the connection than is asked for: a slow reader slows
/// the server down.
///
/// - Throws: `TransportFailure` when the connection breaks or a time limit is exceeded.
package struct ResponseChunks: AsyncSequence {
    private let chunks: any AsyncSequence<ByteBuffer, any Error>
    private let limit: TimeLimit?

    init(_ chunks: any AsyncSequence<ByteBuffer, any Error>, _ limit: TimeLimit) {
        self.chunks = chunks
        self.limit = limit
    }

    /// Chunks from memory or from another source, without a time limit.
    package init(_ chunks: any AsyncSequence<ByteBuffer, any Error>) {
        self.chunks = chunks
        limit = nil
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(
            chunks: chunks.makeAsyncIterator(), limit: limit, exchange: (chunks as? DirectBody)?.exchange)
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate var chunks: any AsyncIteratorProtocol<ByteBuffer, any Error>
        let limit: TimeLimit?
        /// nil for what comes from elsewhere.
        fileprivate let exchange: DirectExchange?

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> ByteBuffer? {
            guard let limit else { return try await take(actor) }
            return try await limit.waiting { try await take(actor) }
        }

        /// Reads a chunk without marking the wait for the time limit; for callers that wait for more than one chunk.
        ///
        /// - Parameter taker: May take chunks while this waits for them: see `DirectExchange.next`.
        mutating func take(
            _ actor: isolated (any Actor)?, unless taker: DirectExchange.Taker? = nil
        ) async throws -> ByteBuffer? {
            do {
                if let taker, let exchange { return try await exchange.next(unless: taker) }
                return try await chunks.next(isolation: actor)
            } catch {
                throw TransportFailure.described(error)
            }
        }
    }

    /// Passes the bytes of each chunk to a closure as it arrives.
    package func forEach(_ body: (UnsafeRawBufferPointer) throws -> Void) async throws {
        for try await chunk in self { try chunk.withUnsafeReadableBytes(body) }
    }

    /// Collects the body up to a number of bytes; the rest is not read.
    package func prefix(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self {
            bytes += chunk.readableBytesView.prefix(limit - bytes.count)
            guard bytes.count < limit else { break }
        }
        return bytes
    }

    /// The frames in the body: see `FrameScanner`.
    func frames(keeping length: Int?, cleared sent: SentSecrets) -> ServerFrames {
        ServerFrames(self, FrameScanner(keeping: length), sent)
    }

    /// The server-sent events in the body.
    package var events: ServerSentEvents {
        ServerSentEvents(self)
    }
}

/// The events of a stream.
///
/// The time limit applies to events: comments, which servers send to keep a connection open, do not extend it.
/// - Throws: what the chunks throw; `TransportFailure` when an event is too long.
package struct ServerSentEvents: AsyncSequence {
    private let chunks: ResponseChunks
    private var sent: SentSecrets?

    init(_ chunks: ResponseChunks) {
        self.chunks = chunks
    }

    /// The same events, without the secrets that were sent.
    func cleared(of sent: SentSecrets) -> ServerSentEvents {
        var events = self
        events.sent = sent
        return events
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(chunks: chunks.makeAsyncIterator(), sent: sent)
    }

    package struct Iterator: AsyncIteratorProtocol {
        private var chunks: ResponseChunks.Iterator
        private var parser = ServerSentEventParser()
        private var events: ArraySlice<ServerSentEvent> = []
        private let sent: SentSecrets?

        fileprivate init(chunks: ResponseChunks.Iterator, sent: SentSecrets?) {
            self.chunks = chunks
            self.sent = sent
        }

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(any Error) -> ServerSentEvent? {
            var next = events.popFirst()
            if next == nil {
                guard let limit = chunks.limit else { return cleared(try await read(actor)) }
                next = try await limit.waiting { try await read(actor) }
            }
            return cleared(next)
        }

        private func cleared(_ event: ServerSentEvent?) -> ServerSentEvent? {
            guard let sent, var event else { return event }
            event.data = sent.cleared(json: event.data)
            return event
        }

        private mutating func read(_ actor: isolated (any Actor)?) async throws -> ServerSentEvent? {
            while events.isEmpty {
                guard let chunk = try await chunks.take(actor) else {
                    try Task.checkCancellation()  // A cancelled stream may end without an error.
                    return nil
                }
                do {
                    events = try parser.read(chunk.readableBytesView)[...]
                } catch {
                    throw TransportFailure(.broken, "An event is longer than \(error.limit >> 20) MiB.")
                }
            }
            return events.removeFirst()
        }
    }
}
