import Synchronization

/// The turns of one conversation as far as it came: what is known stays known when its task is cancelled by a deadline.
final class Transcript: Sendable {
    private struct State {
        var turns: [TurnResult] = []
        var hasEnded = false
    }

    private let state = Mutex(State())

    func append(_ turn: TurnResult) {
        state.withLock { $0.turns.append(turn) }
    }

    /// Says that no turn is missing any more.
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
