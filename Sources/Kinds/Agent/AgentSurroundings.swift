package import Engine
import Language
package import Runtime

extension Kinds {
    /// What an agent needs and a definition of it only names: it may change in place while the definition stays. Prompts and
    /// other agents are in the definition as a whole, and what those need counts by itself.
    package static func surroundings(ofAgent name: String, in workflow: Workflow) -> Set<Address> {
        let named = [ModelResource.kind, ShieldResource.kind, VectorStoreResource.kind, ToolResource.kind]
        return workflow.graph.closure(of: [address(ofAgent: name)]).filter { address in
            named.contains(address.kind)
                && !workflow.graph.closure(of: [address]).contains { $0.kind == AgentResource.kind }
        }
    }

    /// The first function of an agent, or of one that it asks, for which a workflow declares what is done here; nil for none.
    package static func handledFunction(of definition: AgentDefinition, in workflow: Workflow) -> String? {
        let functions = workflow.specs(of: ToolSpec.self).compactMap { declaration, spec in
            spec.function?.http != nil || spec.function?.program != nil ? declaration.address.name : nil
        }
        return handledFunction(of: definition, among: Set(functions))
    }

    private static func handledFunction(of definition: AgentDefinition, among functions: Set<String>) -> String? {
        for tool in definition.tools {
            if tool.function != nil, functions.contains(tool.name) { return tool.name }
            if let asked = tool.agent, let name = handledFunction(of: asked, among: functions) { return name }
        }
        return nil
    }
}
