import Synchronization

/// Hands values from one task to another, one at a time: who gives waits until the value before was taken, so that a slow
/// reader slows down what is read.
final class Handover<Element: Sendable>: Sendable {
    private struct State {
        var value: Element?
        var isClosed = false
        var giving: CheckedContinuation<Void, Never>?
        var taking: CheckedContinuation<Void, Never>?

        mutating func wakeAll() -> [CheckedContinuation<Void, Never>] {
            defer { (giving, taking) = (nil, nil) }
            return [giving, taking].compactMap(\.self)
        }
    }

    private let state = Mutex(State())

    /// Waits until there is room, and leaves the value there. After `close`, or when the task is cancelled, it is dropped.
    func give(_ value: Element) async {
        await wait(for: { $0.value == nil }, as: \.giving)
        let taker = state.withLock { state in
            if !state.isClosed { state.value = value }
            defer { state.taking = nil }
            return state.taking
        }
        taker?.resume()
    }

    /// The next value; nil after the last one, or when the task is cancelled.
    func take() async -> Element? {
        await wait(for: { $0.value != nil }, as: \.taking)
        let (value, giver) = state.withLock { state in
            defer { (state.value, state.giving) = (nil, nil) }
            return (state.value, state.giving)
        }
        giver?.resume()
        return value
    }

    /// No more values: what was given can still be taken.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            return state.wakeAll()
        }
        for continuation in waiting { continuation.resume() }
    }

    /// - Parameter condition: What is waited for, unless the handover is closed.
    private func wait(
        for condition: @escaping @Sendable (State) -> Bool,
        as slot: any WritableKeyPath<State, CheckedContinuation<Void, Never>?> & Sendable
    ) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard !state.isClosed, !condition(state), !Task.isCancelled else { return true }
                    state[keyPath: slot] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            close()
        }
    }
}
