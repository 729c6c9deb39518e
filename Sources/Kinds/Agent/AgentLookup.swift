package import Engine
import Language
package import Runtime
import Wire

/// Finds the definition that an agent runs with.
package struct AgentLookup: Sendable {
    let workflow: Workflow
    private let servers: Servers
    let survey: Survey
    let drivers: [any Driver]

    package init(_ workflow: Workflow, servers: Servers, survey: Survey, drivers: [any Driver]) {
        self.workflow = workflow
        self.servers = servers
        self.survey = survey
        self.drivers = drivers
    }

    /// The last applied version's definition; for an agent that is not logged, what the spec says now.
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

    /// What the spec says now, with the ids of what is applied.
    /// - Throws: `Diagnostic` when something that it needs is not applied.
    package func declared(_ name: String) async throws -> AgentDefinition {
        guard let (declaration, _) = agent(name), let llamaStack = servers.llamaStack else {
            throw Diagnostic.noAgent(name, known)
        }
        var outputs = Outputs()
        for (address, member) in survey.members {
            outputs[address] = drivers.first { $0.kind == address.kind }?.outputs(of: member)
        }
        let models = ModelListing(llamaStack, declared: workflow.models)
        let resource = ModelResource(llamaStack, models: models)
        for (model, spec) in workflow.specs(of: ModelSpec.self) where outputs[model.address] == nil {
            let wanted = try await resource.desired(spec, at: model.address, given: outputs)
            outputs[model.address] = resource.inlineOutputs(of: wanted.desired)
        }
        let runtimes = ChosenRuntimes(workflow, on: llamaStack.capabilities)
        let tools = ToolResource(llamaStack, groups: runtimes.toolGroups, stack: servers.stack)
        let agents = AgentResource(
            llamaStack, mlflow: nil, stack: servers.stack, folder: servers.folder, models: models, runtimes: runtimes,
            commit: nil)
        // What an agent needs comes before it: its tools, and the agents that it asks as tools.
        let needed = closure(of: declaration.address)
        for address in workflow.graph.ordered where needed.contains(address) {
            if let spec = workflow[address]?.spec as? ToolSpec {
                outputs[address] = try await tools.declared(
                    spec, at: address, given: outputs, isApplied: isThere(address))
            } else if let spec = workflow[address]?.spec as? AgentSpec {
                let wanted = try await agents.desired(spec, at: address, given: outputs)
                guard wanted.unknown.isEmpty else {
                    throw Diagnostic.needsApply(address.name, wanted.unknown, at: workflow[address]?.range)
                }
                guard address != declaration.address else { return wanted.desired.definition }
                outputs[address] = ["definition": try Value(encoding: wanted.desired.definition)]
            }
        }
        preconditionFailure("The agent \(name) is not in the graph of what is declared.")
    }

    /// An address and everything that it needs, directly or not.
    private func closure(of address: Address) -> Set<Address> {
        var found: Set<Address> = [address]
        var open = [address]
        while let next = open.popLast() {
            let new = (workflow.graph.dependencies(of: next) ?? []).filter { found.insert($0).inserted }
            open += new
        }
        return found
    }

    private func isThere(_ address: Address) -> Bool {
        survey.members[address] != nil
    }

    private func agent(_ name: String) -> (Declaration, AgentSpec)? {
        workflow.specs(of: AgentSpec.self).first { $0.declaration.address.name == name }
    }

    private var known: [String] {
        workflow.specs(of: AgentSpec.self).map(\.declaration.address.name)
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
            fix: "Run `drover apply` first, or use `--from-spec` to run what the file says now.", at: range,
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
