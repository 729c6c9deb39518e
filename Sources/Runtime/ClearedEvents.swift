import Language
import Synchronization
import Wire

/// Tells the events of a turn without what was sent as a secret: also where the model speaks it in several pieces.
final class ClearedEvents: Sendable {
    private let sent: SentSecrets
    private let spoken: Mutex<ClearedStream>

    init(_ sent: SentSecrets) {
        self.sent = sent
        spoken = Mutex(ClearedStream(sent))
    }

    func tell(_ event: AgentEvent, to onEvent: @Sendable (AgentEvent) async -> Void) async {
        if case .text(let piece) = event {
            let text = spoken.withLock { $0.next(piece) }
            if !text.isEmpty { await onEvent(.text(text)) }
            return
        }
        let rest = spoken.withLock { $0.end() }
        if !rest.isEmpty { await onEvent(.text(rest)) }
        await onEvent(sent.cleared(event))
    }
}

extension SentSecrets {
    fileprivate func cleared(_ event: AgentEvent) -> AgentEvent {
        switch event {
        case .text, .toolStarted, .delegated: event  // What an agent that was asked says is cleared already.
        case .toolFinished(let call): .toolFinished(cleared(call))
        case .finished(let answer): .finished(cleared(answer))
        }
    }

    func cleared(_ answer: Answer) -> Answer {
        var cleared = answer
        cleared.text = self.cleared(answer.text)
        cleared.streamedText = answer.streamedText.map { self.cleared($0) }
        cleared.error = answer.error.map { self.cleared(message: $0) }
        cleared.toolCalls = answer.toolCalls.map { self.cleared($0) }
        cleared.pendingCalls = answer.pendingCalls.map { self.cleared($0) }
        cleared.retrieved = answer.retrieved.map { passage in
            Answer.Passage(
                document: passage.document, score: passage.score, text: passage.text.map { self.cleared($0) })
        }
        return cleared
    }

    private func cleared(_ call: Answer.ToolCall) -> Answer.ToolCall {
        var cleared = call
        cleared.arguments = self.cleared(call.arguments)
        cleared.result = call.result.map { self.cleared($0) }
        cleared.error = call.error.map { self.cleared(message: $0) }
        return cleared
    }
}
