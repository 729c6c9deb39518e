import Glibc
import Synchronization

/// Standard output, or standard error, for lines that hold up nobody: who serves must not wait for whoever collects its log.
/// While that takes nothing, so many lines wait; what comes after them is dropped, and counted in a line of its own.
///
///     {"dropped":12}
final class LineOutput: Sendable {
    private struct State {
        /// Lines that nobody took yet, the first perhaps in part.
        var waiting: ArraySlice<UInt8> = []
        var dropped = 0
        /// Is told when something waits; nil while nobody follows.
        var following: AsyncStream<Void>.Continuation?
    }

    /// What a pipe takes without blocking, once it takes anything (`PIPE_BUF`), in bytes.
    private static let piece = 4096

    /// Both outputs may be one pipe: neither fills it between the look of the other and its write, which would block then.
    private static let turn = Mutex(())

    private let descriptor: Int32
    private let limit: Int
    private let told: @Sendable (Int) -> String
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: How many bytes may wait.
    ///   - told: The line that tells how many lines were dropped.
    init(
        _ descriptor: Int32 = STDOUT_FILENO, limit: Int = 4 << 20,
        dropped told: @escaping @Sendable (Int) -> String = { "{\"dropped\":\($0)}" }
    ) {
        (self.descriptor, self.limit, self.told) = (descriptor, limit, told)
    }

    /// Writes a line, without its end, at once or when somebody takes it.
    func write(_ line: String) {
        state.withLock { state in
            if state.dropped > 0 { flush(&state) }
            if state.dropped > 0 || state.waiting.count + line.utf8.count >= limit {
                state.dropped += 1
            } else {
                state.waiting += line.utf8
                state.waiting.append(UInt8(ascii: "\n"))
            }
            flush(&state)
            if !state.waiting.isEmpty { state.following?.yield() }
        }
    }

    /// Runs a body; what waits is written meanwhile as soon as somebody takes it, and after it as long as somebody does.
    /// - Parameter patience: How long it waits after it for who takes nothing.
    func flushing<Result: Sendable>(
        patience: Duration = .seconds(1), _ body: () async throws -> Result
    ) async throws -> Result {
        async let _: Void = follow()  // Until the end of this scope.
        do {
            let result = try await body()
            await settle(patience)
            return result
        } catch {
            await settle(patience)
            throw error
        }
    }

    private func follow() async {
        let (waits, following) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.following = following }
        repeat {
            // A cancelled sleep ends it.
            while !flush() { guard (try? await Task.sleep(for: .milliseconds(500))) != nil else { return } }
        } while await waits.first { true } != nil
    }

    /// Gives whoever takes slowly ten times the patience.
    private func settle(_ patience: Duration) async {
        let end = ContinuousClock.now + patience * 10
        var (left, until) = (waiting, ContinuousClock.now + patience)
        while !flush(), ContinuousClock.now < min(until, end) {
            if waiting < left { (left, until) = (waiting, ContinuousClock.now + patience) }
            // Nothing else is left to do.
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }

    /// How many bytes wait.
    private var waiting: Int {
        state.withLock { $0.waiting.count }
    }

    /// Writes what somebody takes now.
    /// - Returns: Whether nothing waits any longer.
    @discardableResult
    func flush() -> Bool {
        state.withLock { state in
            flush(&state)
            return state.waiting.isEmpty
        }
    }

    private func flush(_ state: inout State) {
        while true {
            if state.waiting.isEmpty, state.dropped > 0 {
                state.waiting = ArraySlice("\(told(state.dropped))\n".utf8)
                state.dropped = 0
            }
            guard !state.waiting.isEmpty else { return }
            switch put(state.waiting.prefix(Self.piece)) {
            case .taken(let count): state.waiting = state.waiting.dropFirst(count)
            case .later: return
            case .gone: (state.waiting, state.dropped) = ([], 0)
            }
        }
    }

    private enum Outcome {
        case taken(Int)
        /// Nobody takes anything now, or the disk is full.
        case later
        /// Nobody reads it any more.
        case gone
    }

    private func put(_ piece: ArraySlice<UInt8>) -> Outcome {
        Self.turn.withLock { _ in
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&waiting, 1, 0) > 0 else { return .later }
            let (written, reason) = piece.withUnsafeBytes { bytes in
                (Glibc.write(descriptor, bytes.baseAddress, bytes.count), errno)
            }
            guard written < 0 else { return written == 0 ? .later : .taken(written) }
            return [EINTR, EAGAIN, ENOSPC, EDQUOT].contains(reason) ? .later : .gone
        }
    }
}
