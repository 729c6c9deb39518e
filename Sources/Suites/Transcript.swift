import Synchronization

/// The turns of one conversation so far; they are kept when a deadline cancels its task.
final class Transcript: Sendable {
    private struct State {
        var turns: [TurnResult] = []
        var hasEnded = false
    }

    private let state = Mutex(State())

    func append(_ turn: TurnResult) {
        state.withLock { $0.turns.append(turn) }
    }

    /// Marks the conversation as complete.
    func end() {
        state.withLock { $0.hasEnded = true }
    }

    var turns: [TurnResult] {
        state.withLock { $0.turns }
    }

    var hasEnded: Bool {
        state.withLock { $0.hasEnded }
    }
}
