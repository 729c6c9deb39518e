/// A way to run an agent: on a server, behind `/invocations`, or a fake in tests.
///
/// - Throws: `Diagnostic` when the question could not be asked or the stream broke: nothing is known about the answer.
///   A turn that the server reports as failed is an `Answer` with that status.
package protocol AgentRuntime: Sendable {
    /// Opens a conversation, lets `body` take turns in it, and removes afterwards what it left on the server.
    func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result

    /// Puts one question that no other follows, so that nothing has to be kept on the server.
    func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer

    /// The same for who may take pieces of the text at once; they are no events then.
    func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration, pieces: PieceSink?,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer
}

extension AgentRuntime {
    package func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration, pieces: PieceSink?,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        try await ask(agent, request, timeout: timeout, onEvent: onEvent)
    }

    package func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        try await withConversation(with: agent) { conversation in
            try await conversation.ask(request, timeout: timeout, onEvent: onEvent)
        }
    }
}

/// Several turns that remember each other; turns are taken one after the other.
package protocol AgentConversation: Sendable {
    /// Puts one question and waits for the whole answer; events arrive in order while it runs.
    ///
    /// - Parameter request: Its items follow what was said in the conversation before.
    /// - Throws: `Diagnostic` (`lacking` or `usage`) for a part of the request that cannot be handed on.
    func ask(
        _ request: AgentRequest, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer
}
