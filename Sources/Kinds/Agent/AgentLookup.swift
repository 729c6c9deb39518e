package import Engine
import Language
package import Runtime
import Wire

/// Finds the definition that an agent runs with.
package struct AgentLookup: Sendable {
    let workflow: Workflow
    let servers: Servers
    let survey: Survey
    let drivers: [any Driver]

    package init(_ workflow: Workflow, servers: Servers, survey: Survey, drivers: [any Driver]) {
        self.workflow = workflow
        self.servers = servers
        self.survey = survey
        self.drivers = drivers
    }

    /// The kinds to list in order to find the definitions of agents and the destination of their traces: only their
    /// versions when last applied versions are wanted and logged; else everything that the spec's definitions depend
    /// on.
    ///
    /// - Parameters:
    ///   - agents: Their declared names; undeclared ones are ignored.
    ///   - isApplied: Whether the last applied versions are wanted instead of the current spec.
    package static func kinds(for agents: Set<String>, in workflow: Workflow, isApplied: Bool) -> Set<String> {
        let addresses = agents.map { Address(AgentResource.kind, $0) }
        let fromSpec = addresses.filter { address in
            guard let spec = workflow[address]?.spec as? AgentSpec else { return false }
            return !isApplied || spec.log.isNowhere
        }
        let needed = workflow.graph.closure(of: Set(fromSpec)).map(\.kind)
        return Set(needed).union([AgentResource.kind, ExperimentResource.kind])
    }

    /// The last applied version's definition; the current spec for an agent that is not logged.
    /// - Throws: `Diagnostic` when it was never applied.
    package func lastApplied(_ name: String) async throws -> AgentDefinition {
        let address = Address(AgentResource.kind, name)
        if let member = survey.members[address], let driver = drivers.first(where: { $0.kind == AgentResource.kind }) {
            let outputs = driver.outputs(of: member)
            if let definition = outputs["definition"] { return try definition.decoded() }
            if let mlflow = servers.mlflow, let model = outputs["model"]?.string,
                let number = outputs["version"]?.integer,
                let version = try await mlflow.agentVersions(of: model).first(where: { $0.number == number })
            {
                return try await mlflow.definition(of: version)
            }
        }
        guard let (declaration, spec) = agent(name) else { throw Diagnostic.noAgent(name, known) }
        guard case .nowhere = spec.log else { throw Diagnostic.neverApplied(name, at: declaration.range) }
        return try await declared(name)
    }

    /// The definition in the current spec, with the ids of applied objects: the result of a plan over the agent and
    /// everything that it needs.
    /// - Throws: `Diagnostic` when something that it needs is not applied; `Diagnostics` when it cannot be planned.
    package func declared(_ name: String) async throws -> AgentDefinition {
        guard let (declaration, _) = agent(name) else { throw Diagnostic.noAgent(name, known) }
        let (graph, closed) = (workflow.graph, Scope(closing: [declaration.address], in: workflow.graph))
        // Where MLflow does not answer, nobody knows the places, and none is needed.
        let unknown = servers.mlflow == nil ? Set(graph.addresses.filter(Self.isPlace)) : []
        let scope = closed.withholding(unknown, of: graph)
        let planner = Planner(
            workflow, drivers: drivers, survey: survey, record: Record(),
            permissions: Permissions(adopt: true, takeOver: true), scope: scope)
        let previews = try await planner.previews()
        let missing = workflow.graph.ordered.filter { previews[$0]?.isMissing == true && !isPlaceOrAgent($0) }
        let open = previews[declaration.address]?.unknown.filter { !Self.isOfPlace($0) } ?? []
        guard missing.isEmpty, open.isEmpty, let draft = previews[declaration.address]?.draft["definition"] else {
            let needed = Set(missing.map(\.description)).union(missing.isEmpty ? open : [])
            throw Diagnostic.needsApply(name, needed, at: declaration.range)
        }
        return try draft.decoded()
    }

    /// Whether it is a place where agents are logged, which a run does not need, or an agent, which a definition
    /// contains as a whole.
    private func isPlaceOrAgent(_ address: Address) -> Bool {
        address.kind == AgentResource.kind || Self.isPlace(address)
    }

    /// Whether a field of an agent says where it is logged, or which version of a prompt it uses, rather than what it
    /// does.
    private static func isOfPlace(_ path: String) -> Bool {
        path.hasPrefix("log.") || path == "metadata.\(AgentDefinition.promptKey)"
    }

    private func agent(_ name: String) -> (Declaration, AgentSpec)? {
        workflow.specs(of: AgentSpec.self).first { $0.declaration.address.name == name }
    }

    private var known: [String] {
        workflow.specs(of: AgentSpec.self).map(\.declaration.address.name)
    }
}

extension Preview {
    /// Whether the declaration does not exist as it has to.
    fileprivate var isMissing: Bool {
        decision.action == .create || decision.action == .replace
    }
}

extension Diagnostic {
    fileprivate static func noAgent(_ name: String, _ known: [String]) -> Diagnostic {
        Diagnostic(
            "unknown-agent", "Unknown agent", detail: "The spec declares no agent `\(name)`.",
            fix: Suggestion.nearest(to: name, among: known).map { "Did you mean `\($0)`?" }
                ?? (known.isEmpty ? "Declare it under `agents:`." : "Use one of \(known.listed)."))
    }

    fileprivate static func neverApplied(_ name: String, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "never-applied", "Agent that was never applied",
            detail: "The agent `\(name)` has no version yet, so there is nothing to run.",
            fix: "Run `drover apply` first, or run what the file says now.", at: range,
            cause: .unavailable
        )
    }

    fileprivate static func needsApply(_ name: String, _ unknown: Set<String>, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "needs-apply", "Agent that needs something not applied",
            detail: "The agent `\(name)` needs \(unknown.sorted().listed), which is known only after apply.",
            fix: "Run `drover apply` first.", at: range, cause: .unavailable)
    }
}
