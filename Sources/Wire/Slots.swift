import Synchronization

/// Limits the number of concurrent tasks; the others wait, without a time limit, in the order of their arrival.
package final class Slots: Sendable {
    private struct State {
        var free: Int
        var lastID = 0
        /// The waiting tasks, by id.
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
        /// The ids of the waiting tasks in their order, from `first` on; some of them may have been cancelled.
        var line: [Int] = []
        var first = 0

        mutating func popFirst() -> CheckedContinuation<Void, any Error>? {
            while first < line.count {
                let id = line[first]
                first += 1
                if let next = waiting.removeValue(forKey: id) { return next }
            }
            line.removeAll(keepingCapacity: true)
            first = 0
            return nil
        }
    }

    private let state: Mutex<State>

    package init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    /// Runs `body` as soon as a slot is free.
    /// - Throws: `CancellationError` when the task was cancelled while it waited; what `body` throws.
    package nonisolated(nonsending) func run<R>(_ body: () async throws -> R) async throws -> R {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        let id: Int? = state.withLock { state in
            guard state.free == 0 else {
                state.free -= 1
                return nil
            }
            state.lastID += 1
            return state.lastID
        }
        guard let id else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isLet = state.withLock { state in
                    guard state.free == 0 else {
                        state.free -= 1
                        return true
                    }
                    state.waiting[id] = continuation
                    state.line.append(id)
                    return false
                }
                if isLet { continuation.resume() }
                if Task.isCancelled { cancel(id) }  // The cancellation handler may have run too early to find it.
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: Int) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: CancellationError())
    }

    private func leave() {
        let next = state.withLock { state in
            let next = state.popFirst()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume()
    }
}
