import Engine
import Language
import Runtime
package import Wire

extension AgentLookup {
    /// The destination of an agent's traces and results: a declared experiment, else the one that the agent is logged
    /// in, else that of the stack.
    ///
    /// - Parameter isApplied: Whether the last applied version is in use; the current spec has no logged model.
    /// - Returns: nil when the server has no such experiment.
    package func place(of agent: String, experiment: String? = nil, isApplied: Bool) -> MLflowPlace? {
        let address = Address(AgentResource.kind, agent)
        let own = workflow[address].flatMap { ($0.spec as? AgentSpec)?.place(at: address, in: workflow.stack) }
        let named = experiment.map { Address(ExperimentResource.kind, $0) }
        let wanted = named ?? own?.experiment ?? Address(ExperimentResource.kind, workflow.stack.name)
        guard let id = outputs(at: wanted)["id"]?.string else { return nil }
        guard isApplied, own != nil else { return MLflowPlace(experimentID: id) }
        let version = outputs(at: address)
        return MLflowPlace(
            experimentID: id, modelID: version["loggedModel"]?.string, modelURI: version["uri"]?.string)
    }

    /// The ids of all experiments that may hold evidence: of those that the stack has or names. What a suite found stays where
    /// it was logged when the suite is logged elsewhere.
    package var evidencePlaces: [String] {
        survey.members.keys.filter { $0.kind == ExperimentResource.kind }.compactMap { outputs(at: $0)["id"]?.string }
            .sorted()
    }

    /// Checks that the last applied version of an agent is a candidate: that no alias points at it.
    /// - Throws: `Diagnostic` (`usage`) with the aliases, or when there is no version.
    package func requireCandidate(_ agent: String) async throws {
        let version = outputs(at: Address(AgentResource.kind, agent))
        guard let mlflow = servers.mlflow, let model = version["model"]?.string,
            let number = version["version"]?.integer
        else { throw Diagnostic.noCandidate(agent, "it has no version") }
        let aliases = try await mlflow.agentVersions(of: model).first { $0.number == number }?.aliases ?? []
        guard aliases.isEmpty else {
            throw Diagnostic.noCandidate(agent, "\(aliases.listed) point at version \(number), the newest")
        }
    }

    private func outputs(at address: Address) -> [String: Output] {
        guard let member = survey.members[address] else { return [:] }
        return drivers.first { $0.kind == address.kind }?.outputs(of: member) ?? [:]
    }
}

extension Diagnostic {
    fileprivate static func noCandidate(_ agent: String, _ reason: String) -> Diagnostic {
        Diagnostic(
            "no-candidate", "No candidate", detail: "No version of the agent `\(agent)` is a candidate: \(reason).",
            fix: "Change the agent and apply, which makes a new version.", cause: .usage)
    }
}
