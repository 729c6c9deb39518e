import Glibc
import Synchronization

/// Standard output for lines that hold up nobody: who serves must not wait for whoever collects its log. While that takes
/// nothing, so many lines wait; what comes after them is dropped, and counted in a line of its own.
///
///     {"dropped":12}
final class LineOutput: Sendable {
    private struct State {
        /// Lines that nobody took yet, the first perhaps in part.
        var waiting: ArraySlice<UInt8> = []
        var dropped = 0
    }

    /// What a pipe takes without blocking, once it takes anything (`PIPE_BUF`), in bytes.
    private static let piece = 4096

    private let descriptor: Int32
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: How many bytes may wait.
    init(_ descriptor: Int32 = STDOUT_FILENO, limit: Int = 4 << 20) {
        (self.descriptor, self.limit) = (descriptor, limit)
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
        }
    }

    /// Runs a body; what waits is written meanwhile as soon as somebody takes it, and has a second after it.
    func flushing<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        async let _: Void = follow()  // Until the end of this scope.
        do {
            let result = try await body()
            await settle()
            return result
        } catch {
            await settle()
            throw error
        }
    }

    private func follow() async {
        // A cancelled sleep ends it.
        while (try? await Task.sleep(for: .milliseconds(500))) != nil { flush() }
    }

    private func settle() async {
        let end = ContinuousClock.now + .seconds(1)
        while !flush(), ContinuousClock.now < end {
            // Nothing else is left to do.
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        }
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
        while !state.waiting.isEmpty, isTaking {
            let written = state.waiting.prefix(Self.piece).withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if written > 0 {
                state.waiting = state.waiting.dropFirst(written)
            } else if errno != EINTR, errno != EAGAIN {
                state = State()  // Nobody reads it any more.
            }
            if state.waiting.isEmpty {
                state.waiting = state.dropped > 0 ? ArraySlice("{\"dropped\":\(state.dropped)}\n".utf8) : []
                state.dropped = 0
            }
        }
    }

    /// Whether what is written now is taken at once.
    private var isTaking: Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&waiting, 1, 0) > 0
    }
}
