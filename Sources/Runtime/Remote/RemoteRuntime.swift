import Language
package import Wire

/// Runs agents that are served behind MLflow's `/invocations`: `mlflow models serve`, AgentServer, `drover serve`.
///
/// The definition is used only for the names of its tools, and for the functions that are executed here. The server
/// stores nothing: each question is sent with the whole conversation before it.
package struct RemoteRuntime: AgentRuntime {
    let served: ServedAgent
    let local: LocalTools
    let clock: any Clock<Duration>

    /// - Parameter handlers: the handlers of functions, by declared name; the caller must execute all others.
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
