import Language
import Synchronization
import Wire

/// A part of a turn that the server's guardrails cannot check: with them, Llama Stack 0.3 to 0.7 refuse to go on after
/// a tool of theirs was called (400 `Unsupported content type: <class 'list'>`), and to read a call among the input
/// (`<class 'NoneType'>`). The shields are asked here instead: about all that the part begins with, and about its text
/// before anybody sees it.
struct BlindPart: Sendable {
    let shields: [String]
    let server: LlamaStack

    /// nil where the server checks by itself.
    init?(after answer: Answer?, asked items: [Value], of agent: AgentDefinition, on server: LlamaStack) {
        guard let shields = agent.inputShields, !shields.isEmpty else { return nil }
        let own = Set(agent.tools.filter { $0.offered != nil }.map(\.name))
        let hasCalled = answer?.toolCalls.contains { !own.contains($0.tool) } ?? false
        let tellsCalls = InputItems.spelled(items).contains { $0["type"] == "function_call" }
        guard hasCalled || tellsCalls && server.capabilities.failsOnGuardedCalls else { return nil }
        self.shields = shields
        self.server = server
    }

    /// Why a text must not be used; nil when it may.
    func refusal(of text: String) async throws -> String? {
        guard !text.isEmpty else { return nil }
        for shield in shields {
            if let message = try await server.safety.violation(in: text, by: shield) { return message }
        }
        return nil
    }

    /// What the shields say instead of an answer, without the text that was held back.
    func refused(
        _ answer: Answer, with refusal: String, _ events: [AgentEvent], _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async -> Answer {
        for event in events {
            if case .text = event { continue }
            await onEvent(event)
        }
        await onEvent(.text(refusal))
        var refused = answer
        (refused.text, refused.streamedText, refused.hasMessage) = (refusal, refusal, true)
        refused.refuses = true
        return refused
    }
}

extension Answer {
    /// What a shield says before the model is asked.
    static func refusing(with message: String) -> Answer {
        var answer = Answer(
            status: .completed, text: message, hasMessage: true, usage: Usage(input: 0, output: 0), steps: 0,
            streamedText: message)
        answer.refuses = true
        return answer
    }

    /// The reason that a server gives for an answer that its filter cut off.
    static let filteredContent = "content_filter"
}

/// Keeps events until it is known whether they may be told.
final class HeldEvents: Sendable {
    private let held = Mutex<[AgentEvent]>([])

    var all: [AgentEvent] { held.withLock { $0 } }

    func hold(_ event: AgentEvent) {
        held.withLock { $0.append(event) }
    }
}
