import Language
import Synchronization
import Wire

/// Passes on the events of a turn without the secrets that were sent, also where the model says one in several pieces.
final class ClearedEvents: Sendable {
    private let sent: SentSecrets
    private let spoken: Mutex<ClearedStream>
    private let repeated: Mutex<ClearedRepetition>

    init(_ sent: SentSecrets) {
        self.sent = sent
        spoken = Mutex(ClearedStream(sent))
        repeated = Mutex(ClearedRepetition(sent))
    }

    /// What can be told of a text with one more piece of it.
    func next(_ piece: String) -> String {
        spoken.withLock { $0.next(piece) }
    }

    func tell(_ event: AgentEvent, to onEvent: @Sendable (AgentEvent) async -> Void) async {
        if case .text(let piece) = event {
            let text = next(piece)
            if !text.isEmpty { await onEvent(.text(text)) }
            return
        }
        if event != .again(.awaited) {
            let rest = spoken.withLock { $0.end() }
            if !rest.isEmpty { await onEvent(.text(rest)) }
        }
        for event in repeated.withLock({ $0.next(event) }) { await onEvent(sent.cleared(event)) }
    }
}

/// Clears the texts that are told again, each of which arrives in pieces.
private struct ClearedRepetition {
    private var stream: ClearedStream
    /// What is being told again.
    private var open: MessageRepetition?

    init(_ sent: SentSecrets) {
        stream = ClearedStream(sent)
    }

    /// What can be told now, in order.
    mutating func next(_ event: AgentEvent) -> [AgentEvent] {
        guard case .again(let repetition) = event, let text = repetition.text else { return end() + [event] }
        let place = repetition.saying("")
        let before = open == place ? [] : end()
        open = place
        let cleared = stream.next(text)
        return before + (cleared.isEmpty ? [] : [.again(place.saying(cleared))])
    }

    private mutating func end() -> [AgentEvent] {
        guard let place = open else { return [] }
        open = nil
        let rest = stream.end()
        return rest.isEmpty ? [] : [.again(place.saying(rest))]
    }
}

extension MessageRepetition {
    fileprivate var text: String? {
        switch self {
        case .awaited, .ended: nil
        case .item(let text), .response(_, let text): text
        }
    }

    /// The same place with another text.
    fileprivate func saying(_ text: String) -> MessageRepetition {
        switch self {
        case .awaited, .ended: self
        case .item: .item(text)
        case .response(let index, _): .response(index, text)
        }
    }
}

extension SentSecrets {
    fileprivate func cleared(_ event: AgentEvent) -> AgentEvent {
        switch event {
        case .text, .again, .toolStarted, .delegated: event  // What an agent that was asked says is cleared already.
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
