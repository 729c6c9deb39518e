import Synchronization

/// One conversation by the Responses API: remembers which response was the last, and all that are stored.
final class ResponsesConversation: AgentConversation {
    private struct State {
        var stored: [String] = []
        var previous: String?
    }

    private let turn: ResponsesTurn
    private let state = Mutex(State())

    init(_ turn: ResponsesTurn) {
        self.turn = turn
    }

    /// The ids of all responses that the server may have stored, in order.
    var stored: [String] {
        state.withLock { $0.stored }
    }

    func ask(
        _ input: String, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let previous = state.withLock { $0.previous }
        let answer = try await turn.take(
            input, after: previous, timeout: timeout,
            onCreated: { id in self.state.withLock { $0.stored.append(id) } }, onEvent: onEvent
        )
        state.withLock { $0.previous = answer.id }
        return answer
    }
}
