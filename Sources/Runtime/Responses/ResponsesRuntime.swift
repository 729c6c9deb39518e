import FoundationEssentials
package import Language
package import Wire

/// Runs agents as requests to the Responses API (OGX 1.5, Llama Stack since 0.2.24), streamed.
///
/// The server keeps no agent: every turn sends the whole definition. Turns of one conversation follow each other by
/// `previous_response_id`, for which the server has to store them, and so do the responses of one such turn between
/// which functions are called; all are deleted when the conversation ends. A question that no other follows is never
/// stored: what was said before, and between calls of functions, is sent with it.
package struct ResponsesRuntime: AgentRuntime {
    private let server: LlamaStack
    private let tokens: [String: Secret]
    private let local: LocalTools
    private let names: FileNames
    private let clock: any Clock<Duration>

    /// - Parameter tokens: bearer tokens of MCP servers, by the name of their environment variable.
    package init(
        server: LlamaStack, tokens: [String: Secret] = [:], clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.init(server: server, tokens: tokens, local: LocalTools(), names: FileNames(server), clock: clock)
    }

    init(
        server: LlamaStack, tokens: [String: Secret], local: LocalTools, names: FileNames, clock: any Clock<Duration>
    ) {
        self.server = server
        self.tokens = tokens
        self.local = local
        self.names = names
        self.clock = clock
    }

    package func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        let turn = try turn(of: agent, isStored: true)
        let conversation = ResponsesConversation(turn)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(conversation))
        } catch {
            result = .failure(error)
        }
        await delete(conversation.stored)
        return try result.get()
    }

    package func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        try await ask(agent, request, timeout: timeout, pieces: nil, onEvent: onEvent)
    }

    package func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration, pieces: PieceSink?,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let turn = try turn(of: agent, isStored: false).varied(by: request, handing: pieces)
        return try await turn.take(
            request.items, after: nil, timeout: timeout, onCreated: { _ in }, onEvent: onEvent)
    }

    private func turn(of agent: AgentDefinition, isStored: Bool) throws -> ResponsesTurn {
        ResponsesTurn(
            agent: agent, server: server, tokens: tokens, local: local,
            request: try ResponsesRequest(agent, tokens: tokens, on: server.capabilities), isStored: isStored,
            names: names, clock: clock)
    }

    /// Removes stored responses, latest first. It does so even when the task is cancelled, within a few seconds; a
    /// response that the server does not delete is left behind: the answers matter more.
    private func delete(_ ids: [String]) async {
        guard !ids.isEmpty else { return }
        let responses = server.responses
        // Unstructured, and awaited here: a child of a cancelled task could send nothing any more.
        await Task {
            for id in ids.reversed() {
                do {
                    try await responses.delete(id)
                } catch {
                    return
                }
            }
        }.value
    }
}
