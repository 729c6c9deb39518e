import Synchronization

/// Wakes all tasks that wait for a time limit together, once a second: a timer of its own for each of many short
/// requests costs more than what it limits.
package final class Heartbeat: Sendable {
    /// The time between two beats.
    package static let interval = Duration.seconds(1)

    /// The least time between two beats: many limits that end one after the other are looked at together.
    private static let pause = Duration.milliseconds(50)

    private struct State {
        var lastID = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var alarms: [Int: Alarm] = [:]
        /// When the time of each may be up, at the earliest. Apart from them: of many streams, each alarm has long left the
        /// caches of the processor.
        var dues: [Int: ContinuousClock.Instant] = [:]

        mutating func newID() -> Int {
            lastID += 1
            return lastID
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Beats until the task is cancelled.
    package func run() async {
        var next = ContinuousClock.now + Self.interval
        while (try? await Task.sleep(until: next, clock: .continuous)) != nil {
            let waiting = state.withLock { state in
                defer { state.waiting = [:] }
                return state.waiting
            }
            for continuation in waiting.values { continuation.resume() }
            next = ring(at: .now)
        }
    }

    /// Rings the alarms whose time is up. The others are not asked before it may be.
    /// - Returns: When to look again.
    private func ring(at now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let due = state.withLock { state in
            state.dues.compactMap { id, due in due <= now ? state.alarms[id].map { (id, $0) } : nil }
        }
        let asked = due.map { id, alarm in (id, alarm.rings(at: now)) }
        return state.withLock { state in
            for (id, next) in asked where state.alarms[id] != nil {
                state.dues[id] = next
                if next == nil { state.alarms[id] = nil }
            }
            return max(now + Self.pause, state.dues.values.reduce(now + Self.interval, min))
        }
    }

    /// Runs a body in its own task, and cancels it when its time is up; the body is awaited in any case. No other task
    /// is needed: the beats watch the time.
    ///
    /// - Parameter due: When the time is up, as far as that is known at a time: more than an interval after it is first
    ///   asked, and never earlier than it said before.
    /// - Returns: What came of the body, and whether the time was up before.
    package func limiting<R: Sendable>(
        until due: @escaping @Sendable (_ now: ContinuousClock.Instant) -> ContinuousClock.Instant,
        _ body: @escaping @Sendable () async throws -> R
    ) async -> (result: Result<R, any Error>, isLate: Bool) {
        await limiting(by: Alarm(due), body)
    }

    /// The same with an alarm that something else may end as well.
    package func limiting<R: Sendable>(
        by alarm: Alarm, _ body: @escaping @Sendable () async throws -> R
    ) async -> (result: Result<R, any Error>, isLate: Bool) {
        await withTaskGroup(of: Result<R, any Error>.self) { group in
            group.addTask {
                defer { alarm.end(isLate: false) }
                do {
                    return .success(try await body())
                } catch {
                    return .failure(error)
                }
            }
            let id = add(alarm)
            let isLate = await alarm.wait()
            remove(id)
            if isLate { group.cancelAll() }
            return (await group.next() ?? .failure(CancellationError()), isLate)
        }
    }

    /// From now on the beats look whether its time is up, until it is removed or has rung.
    package func add(_ alarm: Alarm) -> Int {
        state.withLock { state in
            let id = state.newID()
            (state.alarms[id], state.dues[id]) = (alarm, .now)
            return id
        }
    }

    package func remove(_ alarm: Int) {
        state.withLock { ($0.alarms[alarm], $0.dues[alarm]) = (nil, nil) }
    }

    /// Returns with the next beat, or when the task is cancelled.
    package nonisolated(nonsending) func wait() async {
        let id = state.withLock { $0.newID() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.waiting[id] = continuation }
                if Task.isCancelled { leave(id) }  // The cancellation handler may have run too early to find it.
            }
        } onCancel: {
            leave(id)
        }
    }

    /// Sleeps for a while, by beats until a second of it is left. A cancelled sleep of the system's keeps about a
    /// kilobyte until its end, which adds up over many that are cancelled early.
    /// - Throws: `CancellationError`.
    package nonisolated(nonsending) func sleep(for duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        while end - .now > Self.interval {
            await wait()
            try Task.checkCancellation()
        }
        try await Task.sleep(until: end, clock: .continuous)
    }

    private func leave(_ id: Int) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
    }
}
