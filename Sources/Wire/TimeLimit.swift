import Language
import Synchronization

/// Limits on how long a task may wait for a server: for the next data, and for the whole exchange. Only waiting counts
/// for the first: a slow reader is not the server's fault.
final class TimeLimit: Sendable {
    private struct State {
        /// The start of the current wait for the server; nil when there is none.
        var waitingSince: ContinuousClock.Instant?
        var expired: Duration?
    }

    private let pause: Duration
    private let whole: Duration
    private let state = Mutex(State())

    private init(pause: Duration, whole: Duration) {
        self.pause = pause
        self.whole = whole
    }

    /// Runs `body`, and cancels it when a limit is exceeded.
    ///
    /// - Parameters:
    ///   - pause: the longest wait for the next data, as marked by `waiting`.
    ///   - whole: the longest that the body may take.
    ///   - heartbeat: what wakes it up to look at the time.
    /// - Throws: `TransportFailure` with the reason `.timeout`; what `body` throws.
    static func run<R: Sendable>(
        pause: Duration, whole: Duration, heartbeat: Heartbeat,
        _ body: @escaping @Sendable (TimeLimit) async throws -> R
    ) async throws -> R {
        let limit = TimeLimit(pause: pause, whole: whole)
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask { try await body(limit) }
            group.addTask {
                await limit.watch(heartbeat)
                return nil
            }
            defer { group.cancelAll() }
            do {
                if let result = try await group.next() ?? nil { return result }
                // The time is up, or the caller was cancelled: the body ends now in either case.
                group.cancelAll()
                if let result = try await group.next() ?? nil { return result }
                throw CancellationError()
            } catch is CancellationError {
                throw limit.failure ?? CancellationError()
            }
        }
    }

    /// Runs an operation that waits for the server; the time between two such waits does not count.
    /// - Throws: `TransportFailure` with the reason `.timeout` when the wait was too long.
    nonisolated(nonsending) func waiting<R>(_ body: () async throws -> R) async throws -> R {
        state.withLock { $0.waitingSince = .now }
        defer { state.withLock { $0.waitingSince = nil } }
        do {
            return try await body()
        } catch is CancellationError {
            throw failure ?? CancellationError()
        }
    }

    /// The error for an exceeded limit; nil while none is exceeded.
    private var failure: TransportFailure? {
        state.withLock(\.expired).map { TransportFailure(.timeout, "no answer within \($0.exact)") }
    }

    /// Returns when a limit is exceeded, or the task is cancelled. Only what is left of a limit is slept for; a cancelled
    /// sleep keeps about a kilobyte until its deadline, which adds up over many short requests with long limits.
    private func watch(_ heartbeat: Heartbeat) async {
        let end = ContinuousClock.now + whole
        while true {
            let now = ContinuousClock.now
            let since = state.withLock(\.waitingSince)
            let next = min((since ?? now) + pause, end)
            guard next > now else {
                return state.withLock { $0.expired = next == end && end < (since ?? now) + pause ? whole : pause }
            }
            if next - now > Heartbeat.interval {
                await heartbeat.wait()
            } else {
                try? await Task.sleep(until: next, clock: .continuous)
            }
            if Task.isCancelled { return }
        }
    }
}
