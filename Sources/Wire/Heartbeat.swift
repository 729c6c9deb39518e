import Synchronization

/// Wakes all tasks that wait for a time limit together, once a second: a timer of its own for each of many short
/// requests costs more than what it limits.
package final class Heartbeat: Sendable {
    /// The time between two beats.
    package static let interval = Duration.seconds(1)

    private struct State {
        var lastID = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Beats until the task is cancelled.
    package func run() async {
        while (try? await Task.sleep(for: Self.interval)) != nil {
            let waiting = state.withLock { state in
                defer { state.waiting = [:] }
                return state.waiting
            }
            for continuation in waiting.values { continuation.resume() }
        }
    }

    /// Returns with the next beat, or when the task is cancelled.
    package nonisolated(nonsending) func wait() async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.waiting[id] = continuation }
                if Task.isCancelled { leave(id) }  // The cancellation handler may have run too early to find it.
            }
        } onCancel: {
            leave(id)
        }
    }

    /// Sleeps for a while, by beats until a second of it is left. A cancelled sleep of the system's keeps about a kilobyte
    /// until its end, which adds up over many that are cancelled early.
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
