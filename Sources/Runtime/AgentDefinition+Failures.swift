import Language
import Wire

extension AgentDefinition {
    /// Where diagnostics say that it is declared: `agents.support`. Nil where it has no name, as an agent that is
    /// served elsewhere may have none.
    var address: String? { name.isEmpty ? nil : "agents.\(name)" }

    /// What went wrong while the agent was asked, as its user is told it: a model that the server does not offer by its
    /// name, all else in the server's words.
    func diagnostic(_ error: WireError, of server: LlamaStack) -> Diagnostic {
        error.message.contains("Model '\(model)' not found")
            ? .unknownModel(of: self, at: server) : error.diagnostic(address: address)
    }
}

extension Diagnostic {
    /// A model that the server does not offer (any more).
    fileprivate static func unknownModel(of agent: AgentDefinition, at server: LlamaStack) -> Diagnostic {
        Diagnostic(
            "unknown-model", "The server does not offer this model",
            detail:
                "The agent `\(agent.name)` uses the model `\(agent.model)`, which \(server.capabilities.product) "
                + "at `\(server.endpoint.base)` does not offer.",
            fix: "Use the id of a model that `GET /v1/models` lists there.", address: agent.address,
            cause: .unavailable
        )
    }
}
