import Engine
import Language
import Runtime

/// A runtime whose errors point to the spec.
struct PlacedRuntime: AgentRuntime {
    let runtime: any AgentRuntime
    let workflow: Workflow

    func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        try await placing { try await runtime.withConversation(with: agent, body) }
    }

    func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        try await placing { try await runtime.ask(agent, request, timeout: timeout, onEvent: onEvent) }
    }

    private func placing<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch var diagnostic as Diagnostic {
            diagnostic.subject = diagnostic.subject ?? workflow.place(of: diagnostic)
            throw diagnostic
        }
    }
}
