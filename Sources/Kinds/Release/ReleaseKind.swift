import Engine
import Language

extension Kind {
    static let releases = Kind(
        Section(ReleaseResource.kind, ReleaseSpec.self, "Aliases that move when the gates pass."), home: .mlflow,
        driver: { context in
            context.mlflow.map { mlflow in
                ResourceDriver(
                    ReleaseResource(
                        mlflow.server, registry: mlflow.registry, of: context.workflow.stack,
                        models: context.releasedModels, actor: context.servers.actor))
            }
        },
        conflicts: unfitReleases(among:_:))

    /// Releases of what is not logged, gates that try another agent, and two releases of one alias.
    @Sendable
    fileprivate static func unfitReleases(among declarations: Declarations, _ folder: SpecFolder) -> [Diagnostic] {
        var first: [String: Declaration] = [:]
        var problems: [Diagnostic] = []
        for (declaration, release) in declarations.specs(of: ReleaseSpec.self) {
            let agent = Address(AgentResource.kind, release.agent.value)
            guard let spec = declarations[agent]?.spec as? AgentSpec else { continue }
            if spec.log.isNowhere { problems.append(.releaseOfUnlogged(release.agent)) }
            problems += release.gates.compactMap { gate in
                let subject = declarations[Address("suites", gate.value)]?.uses.first { $0.address.kind == agent.kind }
                return subject.flatMap { $0.address == agent ? nil : .foreignGate(gate, $0.address, agent) }
            }
            let place = "\(agent) \(release.alias)"
            if let other = first[place] { problems.append(.sharedAlias(release.alias, declaration, other)) }
            first[place] = first[place] ?? declaration
        }
        return problems
    }
}

extension DriverContext {
    /// The live name of the registered model that the agent of each declared release is logged in.
    fileprivate var releasedModels: [Address: String] {
        var models: [Address: String] = [:]
        for (declaration, release) in workflow.specs(of: ReleaseSpec.self) {
            let agent = Address(AgentResource.kind, release.agent.value)
            let place = (workflow[agent]?.spec as? AgentSpec)?.place(at: agent, in: workflow.stack)
            guard let model = place?.registeredModel else { continue }
            models[declaration.address] = workflow[model]?.spec.liveName(at: model) ?? model.name
        }
        return models
    }
}

extension Diagnostic {
    fileprivate static func releaseOfUnlogged(_ agent: Located<String>) -> Diagnostic {
        Diagnostic(
            "release-of-unlogged", "A release of an agent that is not logged",
            detail: "`agents.\(agent.value)` says `log: false`, so that it has no versions.",
            fix: "Take `log: false` out, or the release.", at: agent.range)
    }

    fileprivate static func foreignGate(_ gate: Located<String>, _ tried: Address, _ released: Address) -> Diagnostic {
        Diagnostic(
            "foreign-gate", "A gate that tries another agent",
            detail: "The suite `\(gate.value)` tries `\(tried)`, and `\(released)` is released.",
            fix: "Name a suite of `\(released)`.", at: gate.range)
    }

    fileprivate static func sharedAlias(_ alias: String, _ one: Declaration, _ other: Declaration) -> Diagnostic {
        Diagnostic(
            "shared-alias", "Two releases with one alias",
            detail: "`\(one.address)` and `\(other.address)` would both move the alias `\(alias)` of one agent.",
            fix: "Give one of them another `alias`.", at: one.range, address: one.address.description,
            notes: [Note("The other one is declared here.", at: other.range)])
    }
}
