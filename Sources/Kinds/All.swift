package import Engine
package import Language
package import Runtime
package import Wire

/// Every kind: one line each, in the order in which things come to be.
package enum Kinds {
    /// The sections of a spec that hold them.
    package static let sections: [Section] = [
        Section(ExperimentResource.kind, ExperimentSpec.self, "MLflow experiments."),
        Section(RegisteredModelResource.kind, RegisteredModelSpec.self, "MLflow registered models."),
        Section(PromptResource.kind, PromptSpec.self, "Prompts of MLflow's registry."),
        Section(DatasetResource.kind, DatasetSpec.self, "Evaluation datasets of MLflow."),
        Section(ModelResource.kind, ModelSpec.self, "Names for models of the server."),
        Section(ShieldResource.kind, ShieldSpec.self, "Shields that look at questions and answers."),
        Section(VectorStoreResource.kind, VectorStoreSpec.self, "Vector stores with their documents."),
        Section(ToolResource.kind, ToolSpec.self, "Tools that agents may use."),
        Section(AgentResource.kind, AgentSpec.self, "Agents."),
        Section(ReleaseSpec.kind, ReleaseSpec.self, isReconciled: false, "Aliases that move when the gates pass."),
    ]

    /// The drivers of the kinds that the servers at hand can hold, for what a workflow declares.
    package static func drivers(_ servers: Servers, for workflow: Workflow) -> [any Driver] {
        var drivers: [any Driver] = []
        let registry = servers.mlflow.map { Registry($0) }
        if let mlflow = servers.mlflow, let registry {
            drivers.append(ResourceDriver(ExperimentResource(mlflow)))
            drivers.append(ResourceDriver(RegisteredModelResource(mlflow, registry: registry)))
            drivers.append(ResourceDriver(PromptResource(mlflow, registry: registry, folder: servers.folder)))
            drivers.append(ResourceDriver(DatasetResource(mlflow, folder: servers.folder)))
        }
        guard let llamaStack = servers.llamaStack else {
            return drivers + [ResourceDriver(ToolResource(nil, groups: [], stack: servers.stack))]
        }
        let runtimes = ChosenRuntimes(workflow, on: llamaStack.capabilities)
        let models = ModelListing(llamaStack, declared: workflow.models)
        let aliased = AliasedAgents(servers.mlflow, stack: servers.stack)
        return drivers + [
            ResourceDriver(ModelResource(llamaStack, models: models)),
            ResourceDriver(ShieldResource(llamaStack)),
            ResourceDriver(
                VectorStoreResource(
                    llamaStack, stack: servers.stack, folder: servers.folder, models: models,
                    transport: servers.transport, inUse: { try await aliased.vectorStores() })),
            ResourceDriver(ToolResource(llamaStack, groups: runtimes.toolGroups, stack: servers.stack)),
            ResourceDriver(
                AgentResource(
                    llamaStack, mlflow: servers.mlflow, registry: registry, stack: servers.stack,
                    folder: servers.folder, models: models, runtimes: runtimes, commit: servers.commit)),
        ]
    }

    /// What a workflow needs. What was applied before may need more: see `needs(of:)` of a record.
    package static func needs(of workflow: Workflow) -> Needs {
        var needs = Needs()
        for declaration in workflow.declarations {
            switch declaration.spec {
            case is ExperimentSpec, is RegisteredModelSpec, is PromptSpec, is DatasetSpec: needs.mlflow = true
            case is VectorStoreSpec, is AgentSpec, is ModelSpec, is ShieldSpec: needs.llamaStack = true
            case _: break
            }
        }
        return needs
    }

    /// Where the things of a record are.
    package static func needs(of record: Record) -> Needs {
        var needs = Needs()
        for kind in (Array(record.entries.keys) + record.intents.keys).compactMap({ Address(text: $0)?.kind }) {
            switch kind {
            case ExperimentResource.kind, RegisteredModelResource.kind, PromptResource.kind, DatasetResource.kind:
                needs.mlflow = true
            case VectorStoreResource.kind, AgentResource.kind, ModelResource.kind, ShieldResource.kind:
                needs.llamaStack = true
            case _: break
            }
        }
        return needs
    }
}

extension Workflow {
    /// The declared models, by name.
    var models: [String: ModelSpec] {
        Dictionary(specs(of: ModelSpec.self).map { ($0.declaration.address.name, $0.spec) }) { first, _ in first }
    }
}

/// Which servers are needed.
package struct Needs: Sendable, Hashable {
    package var llamaStack = false
    package var mlflow = false

    package init(llamaStack: Bool = false, mlflow: Bool = false) {
        self.llamaStack = llamaStack
        self.mlflow = mlflow
    }
}

/// The servers of a run and what else the kinds share.
package struct Servers: Sendable {
    package var stack: StackName
    package var llamaStack: LlamaStack?
    package var mlflow: MLflowServer?
    package var folder: SpecFolder
    package var transport: any HTTPTransport
    /// The git commit of the spec; nil outside a repository.
    package var commit: String?

    package init(
        stack: StackName, llamaStack: LlamaStack?, mlflow: MLflowServer?, folder: SpecFolder,
        transport: any HTTPTransport, commit: String?
    ) {
        self.stack = stack
        self.llamaStack = llamaStack
        self.mlflow = mlflow
        self.folder = folder
        self.transport = transport
        self.commit = commit
    }
}

extension Kinds {
    /// The bearer tokens of the MCP servers that a workflow's tools name, by the name of their variable.
    /// - Throws: `Diagnostic` when one that is needed is not set.
    package static func tokens(in workflow: Workflow, environment: [String: String]) throws -> [String: Secret] {
        var tokens: [String: Secret] = [:]
        for (_, spec) in workflow.specs(of: ToolSpec.self) {
            guard let token = spec.mcp?.token, case .environment(let name, let isOptional) = token.value else {
                continue
            }
            if let value = environment[name], !value.isEmpty {
                tokens[name] = Secret(value)
            } else if !isOptional {
                throw Diagnostic(
                    "missing-secret", "Missing secret", detail: "The environment variable `\(name)` is not set.",
                    fix: "Set `\(name)`, or say `optional: true` if the tool can do without.", at: token.range)
            }
        }
        return tokens
    }
}

extension Kinds {
    /// Where the spec says what a failed question is about: the address of the MCP server that is named, else the agent.
    package static func place(of diagnostic: Diagnostic, in workflow: Workflow) -> SourceRange? {
        let text = [diagnostic.detail, diagnostic.fix ?? ""].joined()
        let servers = workflow.specs(of: ToolSpec.self).compactMap { $0.spec.mcp?.url }
        if let server = servers.first(where: { text.contains($0.value) }) { return server.range }
        return diagnostic.address.flatMap(Address.init(text:)).flatMap { workflow[$0]?.range }
    }
}

extension Kinds {
    /// The bearer tokens that a definition names, as far as their variables are set, by the names of the variables.
    package static func tokens(
        in definition: AgentDefinition, environment: [String: String]
    ) -> [String: Secret] {
        var tokens: [String: Secret] = [:]
        for tool in definition.tools {
            if let name = tool.mcp?.tokenEnvironment, let value = environment[name], !value.isEmpty {
                tokens[name] = Secret(value)
            }
            if let agent = tool.agent {
                tokens.merge(self.tokens(in: agent, environment: environment)) { own, _ in own }
            }
        }
        return tokens
    }
}
