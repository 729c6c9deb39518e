import Runtime
import Wire

/// The agent that the environment alone describes: an agent of the server (`LLAMASTACK_AGENT_ID`), or a model
/// (`LLAMASTACK_MODEL`) without tools and instructions.
struct EnvironmentAgent: Sendable {
    private let id: String?
    private let model: String

    /// nil when neither variable is set.
    init?(_ environment: [String: String]) {
        let id = environment["LLAMASTACK_AGENT_ID"].flatMap { $0.isEmpty ? nil : $0 }
        let model = environment["LLAMASTACK_MODEL"].flatMap { $0.isEmpty ? nil : $0 }
        guard let model = model ?? id else { return nil }
        (self.id, self.model) = (id, model)
    }

    func definition(on server: Capabilities) -> AgentDefinition {
        var definition = AgentDefinition(name: "agent", model: model, instructions: "")
        definition.agentID = id
        definition.runtime = RuntimeChoice.runtime(of: definition, on: server)
        return definition
    }
}
