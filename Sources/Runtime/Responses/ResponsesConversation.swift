import Language
import Synchronization

/// One conversation by the Responses API: remembers which response was the last, and all that are stored.
///
/// Where shields check, a turn is sent with what was said before it, and follows no stored response: Llama Stack 0.3 to
/// 0.7 cannot read the results of the server's tools in one for that (400 `Unsupported content type: <class 'list'>`).
final class ResponsesConversation: AgentConversation {
    private struct State {
        var stored: [String] = []
        var previous: String?
        /// What was said so far, as the API takes it; empty where turns follow stored responses.
        var said: [Value] = []
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
        _ request: AgentRequest, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let turn = try turn.varied(by: request)
        let isGuarded = !(turn.agent.inputShields ?? []).isEmpty
        let (previous, said) = state.withLock { ($0.previous, $0.said) }
        let answer = try await turn.take(
            said + request.items, after: previous, timeout: timeout,
            onCreated: { id in self.state.withLock { $0.stored.append(id) } }, onEvent: onEvent
        )
        state.withLock { state in
            if isGuarded {
                state.said += request.items + [["role": "assistant", "content": .string(answer.text)]]
            } else if answer.status != .failed {
                state.previous = answer.id
            }
        }
        return answer
    }
}
