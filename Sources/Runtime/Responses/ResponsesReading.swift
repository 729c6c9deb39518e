import Language
import Synchronization
import Wire

/// A response that is being read: by the task that takes its parts, and, while that waits for one, by who hands pieces of its
/// text on at once.
final class ResponsesReading: Sendable {
    private let reader: Mutex<ResponsesReader>
    private let watch: Stopwatch
    private let timeout: Duration

    /// - Parameter watch: Measures the time since the question was put.
    init(_ reader: sending ResponsesReader, _ watch: Stopwatch, timeout: Duration) {
        self.reader = Mutex(reader)
        self.watch = watch
        self.timeout = timeout
    }

    /// What the server is doing.
    var place: ResponsesReader.Place {
        reader.withLock { $0.place }
    }

    /// nil before the last part was read.
    var part: ResponsesTurn.Part? {
        reader.withLock { reader in
            reader.answer.map { ResponsesTurn.Part(answer: $0, calls: reader.functionCalls, items: reader.output) }
        }
    }

    /// Takes one part.
    /// - Throws: `ResponsesReader.Failure`.
    func read(_ part: FrameScanner.Part, at time: Duration) async throws -> [ResponsesReader.Happening] {
        guard part.isLong else { return try reader.withLock { try $0.read(part, at: time) } }
        // One that repeats a long answer is read where it holds up no others.
        return try await offLoop { () async throws in try reader.withLock { try $0.read(part, at: time) } }
    }

    /// Hands on parts that only go on with a message, within the time.
    func handing(on pieces: PieceSink) -> ServerFrames.AtOnce {
        { part in
            pieces.take {
                let time = self.watch.elapsed
                return time > self.timeout ? nil : self.reader.withLock { $0.continuation(part, at: time) }
            }
        }
    }
}

extension FrameScanner.Part {
    fileprivate var isLong: Bool {
        guard case .frame(let frame) = self else { return false }
        return frame.count > 64 << 10
    }
}
