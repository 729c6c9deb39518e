import Language
package import Wire

/// Runs agents that somebody serves behind MLflow's `/invocations`: `mlflow models serve`, AgentServer, `drover serve`.
///
/// The served agent is asked as it is; the definition only says what its tools are called, and which functions are
/// carried out here. Nothing is kept on the server: each question is sent with the whole conversation before it.
package struct RemoteRuntime: AgentRuntime {
    let served: ServedAgent
    let local: LocalTools
    let clock: any Clock<Duration>

    /// - Parameter handlers: what carries out functions, by their declared name; the others are the caller's.
    package init(
        _ served: ServedAgent, handlers: [String: any FunctionHandler] = [:],
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.served = served
        local = LocalTools(handlers: handlers)
        self.clock = clock
    }

    package func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        try await body(RemoteConversation(agent, self, id: "drover-\(TraceID.random().hexadecimal)"))
    }
}
