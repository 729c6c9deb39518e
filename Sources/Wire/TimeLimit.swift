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

    /// Runs `body` in a task of its own, and cancels it when a limit is exceeded.
    ///
    /// - Parameters:
    ///   - pause: the longest wait for the next data, as marked by `waiting`.
    ///   - whole: the longest that the body may take.
    ///   - heartbeat: what looks at the time.
    /// - Throws: `TransportFailure` with the reason `.timeout`; what `body` throws.
    static func run<R: Sendable>(
        pause: Duration, whole: Duration, heartbeat: Heartbeat,
        _ body: @escaping @Sendable (TimeLimit) async throws -> R
    ) async throws -> R {
        let limit = TimeLimit(pause: pause, whole: whole)
        let end = ContinuousClock.now + whole
        guard areForBeats(pause, whole) else { return try await limit.watched(until: end, body) }
        let ended = await heartbeat.limiting(until: { limit.due(at: $0, end) }, { try await body(limit) })
        return try limit.result(of: ended.result)
    }

    /// Whether the beats of a heart are often enough for limits.
    static func areForBeats(_ pause: Duration, _ whole: Duration) -> Bool {
        min(pause, whole) > Heartbeat.interval
    }

    /// Runs `body` in the present task, and fails an exchange that it reads when a limit is exceeded or the task is
    /// cancelled: whatever waits for it then ends.
    /// - Parameters:
    ///   - pause: see the other method; both limits are longer than the time between two beats.
    static func run<R>(
        pause: Duration, whole: Duration, heartbeat: Heartbeat, failing exchange: DirectExchange,
        _ body: (TimeLimit) async throws -> R
    ) async throws -> R {
        let limit = TimeLimit(pause: pause, whole: whole)
        let end = ContinuousClock.now + whole
        let alarm = heartbeat.add(
            Alarm {
                limit.due(at: $0, end)
            } isUp: {
                exchange.fail(CancellationError())
            })
        defer { heartbeat.remove(alarm) }
        return try await withTaskCancellationHandler {
            do {
                return try await body(limit)
            } catch is CancellationError {
                throw limit.failure ?? CancellationError()
            }
        } onCancel: {
            exchange.fail(CancellationError())
        }
    }

    /// With a task that watches a limit shorter than the time between two beats.
    private func watched<R: Sendable>(
        until end: ContinuousClock.Instant, _ body: @escaping @Sendable (TimeLimit) async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask { try await body(self) }
            group.addTask {
                while true {
                    let now = ContinuousClock.now
                    let due = self.due(at: now, end)
                    guard due > now, !Task.isCancelled else { return nil }
                    // What cancels the sleep ends the loop.
                    try? await Task.sleep(until: due, clock: .continuous)
                }
            }
            defer { group.cancelAll() }
            do {
                if let result = try await group.next() ?? nil { return result }
                // The time is up, or the caller was cancelled: the body ends now in either case.
                group.cancelAll()
                if let result = try await group.next() ?? nil { return result }
                throw CancellationError()
            } catch is CancellationError {
                throw failure ?? CancellationError()
            }
        }
    }

    private func result<R>(of result: Result<R, any Error>) throws -> R {
        do {
            return try result.get()
        } catch is CancellationError {
            throw failure ?? CancellationError()
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

    /// The wait for the server that is going on begins anew: it has said something.
    func beginAnew() {
        state.withLock { if $0.waitingSince != nil { $0.waitingSince = .now } }
    }

    /// The error for an exceeded limit; nil while none is exceeded.
    private var failure: TransportFailure? {
        state.withLock(\.expired).map { TransportFailure(.timeout, "no answer within \($0.exact)") }
    }

    /// When a limit is exceeded, as far as that is known now; it is noted when it is.
    private func due(at now: ContinuousClock.Instant, _ end: ContinuousClock.Instant) -> ContinuousClock.Instant {
        state.withLock { state in
            let pauseEnd = (state.waitingSince ?? now) + pause
            let due = min(pauseEnd, end)
            if due <= now { state.expired = end < pauseEnd ? whole : pause }
            return due
        }
    }
}
