package import Engine
package import Wire

/// Agents whose traces go to an MLflow that does not answer yet.
extension AgentLookup {
    /// Whether the definitions of agents can be found without MLflow: they come from the spec, and need nothing that MLflow
    /// holds but the places where they are logged.
    ///
    /// - Parameters:
    ///   - agents: Their declared names.
    ///   - isApplied: Whether the last applied versions are wanted instead of the current spec.
    package static func finds(_ agents: [String], withoutMLflowIn workflow: Workflow, isApplied: Bool) -> Bool {
        agents.allSatisfy { name in
            let address = Address(AgentResource.kind, name)
            guard let spec = workflow[address]?.spec as? AgentSpec, !isApplied || spec.log.isNowhere else {
                return false
            }
            let needed = workflow.graph.closure(of: [address]).filter { !isPlace($0) }.map(\.kind)
            return Kinds.standard.all.allSatisfy { !needed.contains($0.section.key) || !$0.needs.mlflow }
        }
    }

    /// Whether it is a place where agents are logged.
    static func isPlace(_ address: Address) -> Bool {
        [ExperimentResource.kind, RegisteredModelResource.kind].contains(address.kind)
    }

    /// The destination of an agent's traces by its name, as `place` has it of the current spec.
    /// - Returns: nil when the spec declares no experiment for it.
    package func awaitedPlace(of agent: String) -> MLflowPlace? {
        let address = Address(AgentResource.kind, agent)
        let own = workflow[address].flatMap { ($0.spec as? AgentSpec)?.place(at: address, in: workflow.stack) }
        let wanted = own?.experiment ?? Address(ExperimentResource.kind, workflow.stack.name)
        guard let experiment = workflow[wanted]?.spec as? ExperimentSpec else { return nil }
        let mark = Mark(stack: workflow.stack, address: wanted)
        return MLflowPlace(awaiting: AwaitedExperiment(experiment.liveName(at: wanted), tags: mark.tags))
    }
}
