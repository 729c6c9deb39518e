package import Engine
import Language
package import Runtime
import Wire

/// Finds the definition that an agent runs with.
package struct AgentLookup: Sendable {
    private let workflow: Workflow
    private let servers: Servers
    private let survey: Survey
    private let drivers: [any Driver]

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
        guard let (declaration, spec) = agent(name), let llamaStack = servers.llamaStack else {
            throw Diagnostic.noAgent(name, known)
        }
        var outputs = Outputs()
        for (address, member) in survey.members {
            outputs[address] = drivers.first { $0.kind == address.kind }?.outputs(of: member)
        }
        for (model, spec) in workflow.specs(of: ModelSpec.self) {
            outputs[model.address] = ["id": .string(spec.id.value)]
        }
        let tools = ToolResource(
            llamaStack, groups: workflow.toolGroups(on: llamaStack.capabilities), stack: servers.stack)
        for (tool, toolSpec) in workflow.specs(of: ToolSpec.self) {
            let wanted = try await tools.desired(toolSpec, at: tool.address, given: outputs)
            if wanted.unknown.isEmpty { outputs[tool.address] = tools.inlineOutputs(of: wanted.desired) }
        }
        let agents = AgentResource(
            llamaStack, mlflow: nil, stack: servers.stack, folder: servers.folder, models: ModelListing(llamaStack),
            commit: nil)
        let wanted = try await agents.desired(spec, at: declaration.address, given: outputs)
        guard wanted.unknown.isEmpty else { throw Diagnostic.needsApply(name, wanted.unknown, at: declaration.range) }
        return wanted.desired.definition
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
            fix: "Run `drover apply` first, or use `--from-spec` to run what the file says now.", at: range, exitCode: 1
        )
    }

    fileprivate static func needsApply(_ name: String, _ unknown: Set<String>, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "needs-apply", "Agent that needs something not applied",
            detail: "The agent `\(name)` needs \(unknown.sorted().listed), which is known only after apply.",
            fix: "Run `drover apply` first.", at: range, exitCode: 1)
    }
}
