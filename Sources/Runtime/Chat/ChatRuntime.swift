import FoundationEssentials
import Language
import Wire

/// Runs agents as chat completions (all servers), streamed: the history is kept here, and functions and agents as tools
/// are carried out between the model calls. Leaves nothing on the server.
struct ChatRuntime: AgentRuntime {
    let server: LlamaStack
    let local: LocalTools
    let clock: any Clock<Duration>

    func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        _ = try ChatRequest(agent)  // What it cannot do is said before the first question.
        return try await body(ChatConversation(agent, self))
    }
}
