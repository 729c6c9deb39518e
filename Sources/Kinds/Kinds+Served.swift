package import Engine
import Language
package import Runtime

extension Kinds {
    /// An agent as its callers see it where it is served: the names of its tools, and no id of any server.
    ///
    /// - Returns: nil when none is declared under that name.
    package static func served(_ name: String, in workflow: Workflow) -> AgentDefinition? {
        guard let agent = workflow[Address(AgentResource.kind, name)]?.spec as? AgentSpec else { return nil }
        var definition = AgentDefinition(
            name: name, description: agent.common.description,
            model: workflow.models[agent.model.value]?.id.value ?? agent.model.value, instructions: "",
            maxSteps: agent.maxSteps)
        definition.tools = agent.tools.compactMap { tool in
            (workflow[Address(ToolResource.kind, tool.value)]?.spec as? ToolSpec)?.outline(named: tool.value)
        }
        return definition
    }

    /// The address that an agent has, whether it is declared or not.
    package static func address(ofAgent name: String) -> Address {
        Address(AgentResource.kind, name)
    }

    /// The names of the declared agents, in the order of the spec.
    package static func agents(in workflow: Workflow) -> [String] {
        workflow.specs(of: AgentSpec.self).map(\.declaration.address.name)
    }
}
