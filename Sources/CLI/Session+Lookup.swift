import Engine
import Kinds

extension Session {
    /// Looks agents up in what a survey found.
    /// - Parameter workflow: What declares them; nil for the stack's own.
    func lookup(in survey: Survey, _ workflow: Workflow? = nil) -> AgentLookup {
        AgentLookup(workflow ?? self.workflow, servers: servers, survey: survey, drivers: drivers)
    }

    /// Surveys what has to be known of agents, and looks them up in it.
    ///
    /// - Parameters:
    ///   - agents: Their declared names; none where only the places of their traces are asked for.
    ///   - isApplied: Whether the last applied versions are wanted instead of the current spec.
    func lookup(of agents: Set<String> = [], isApplied: Bool = true) async throws -> AgentLookup {
        let kinds = AgentLookup.kinds(for: agents, in: workflow, isApplied: isApplied)
        return lookup(in: try await Survey.take(of: workflow, with: drivers, kinds: kinds))
    }
}
