package import Engine
import Language
import Runtime
import Wire

/// Agents. Each one is realised as a version of a registered model in MLflow, unless `log: false`, and as a server
/// agent where it runs as one (`runtime: agents`, Llama Stack 0.2 and 0.3). An agent that is neither exists in the spec
/// only.
///
/// A changed definition is a new version and a new server agent; old versions stay, and old server agents as long as an
/// alias points at their version. Versions are found by one search for the stack's mark, as are their runs and logged
/// models; server agents by their names.
package struct AgentResource: Resource {
    package static let kind = "agents"
    package static let onDelete = OnDelete.delete
    package static let makesVersions = true
    /// Every stack may have an agent of a name, each in a registered model of its own.
    package static let hasUniqueNames = false

    package struct Desired: Sendable {
        var definition: AgentDefinition
        var digest: String
        /// nil when it is not logged.
        var place: Place?
        /// The name of the server agent that it runs as; nil when it runs otherwise, or as an existing one.
        var serverName: String?
        /// Whether the definition contains no value that is known only after apply. Where it is logged is not part of
        /// it.
        var isDefinitionKnown: Bool
        /// What is left to others of a version that is there.
        var left = LeftFields.none

        /// Whether it does not exist on any server.
        var isInline: Bool { place == nil && serverName == nil }
    }

    struct Place: Sendable {
        var experimentID: String
        var experiment: String
        var registeredModel: String
        var tags: [String: String]
    }

    /// An agent's versions, one of which counts, and its server agents.
    package struct Live: Sendable {
        /// nil when there are only server agents.
        var current: AgentVersion?
        var others: [AgentVersion]
        var onServer: [LlamaStack.ServerAgent]
        /// Duplicates that the server created from one request, besides the version that counts.
        var twins: [AgentVersion] = []
        /// Runs and logged models that belong to no version.
        var loose = LoggedParts.none
        /// Whether the logged model of the version that counts was deleted.
        var isModelGone = false
        var isRunGone = false
        /// The versions that a release may go back to, as `models:/MODEL/NUMBER`.
        var retained: Set<String> = []
        /// The names of the server agents that versions with an alias use, or that a release may go back to, of all agents of
        /// the stack; nil where that is not known.
        var namesInUse: Set<String>? = []

        var versions: [AgentVersion] { (current.map { [$0] } ?? []) + others + twins }
    }

    let llamaStack: LlamaStack
    let mlflow: MLflowServer?
    let registry: Registry?
    private let stack: StackName
    private let folder: SpecFolder
    private let models: ModelListing
    let runtimes: ChosenRuntimes
    private let existing: ExistingAgents
    let commit: String?
    /// How many old versions each declared release keeps.
    let retained: [String: Int]
    /// The live names of the declared registered models.
    let modelNames: [Address: String]
    /// The names of the server agents that are still in use although their definitions have changed.
    let inUse: InUse

    /// Creates a resource: `mlflow` is nil when nothing in the spec is logged, `commit` outside of a git repository.
    init(
        _ llamaStack: LlamaStack, mlflow: MLflowServer?, registry: Registry? = nil, stack: StackName,
        folder: SpecFolder, models: ModelListing, runtimes: ChosenRuntimes, commit: String?,
        retained: [String: Int] = [:], modelNames: [Address: String] = [:],
        inUse: @escaping InUse = { _ in UsedIDs() }
    ) {
        self.retained = retained
        self.modelNames = modelNames
        self.inUse = inUse
        self.registry = registry
        self.llamaStack = llamaStack
        self.runtimes = runtimes
        existing = ExistingAgents(llamaStack)
        self.mlflow = mlflow
        self.stack = stack
        self.folder = folder
        self.models = models
        self.commit = commit
    }

    package func desired(
        _ spec: AgentSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        let model = try await models.resolve(spec.model, for: "to answer with", given: outputs)
        var unknown: Set<String> = []
        let tools = try spec.tools.map { tool in
            try outputs.typed("definition", of: Address(ToolResource.kind, tool.value), as: ToolDefinition.self)
        }
        for (tool, definition) in zip(spec.tools, tools) where definition == nil {
            unknown.insert("tools.\(tool.value)")
        }
        let (instructions, note) = try instructions(spec, outputs, &unknown)
        let metadata = spec.metadata.merging(note) { own, _ in own }
        var definition = AgentDefinition(
            name: address.name, description: spec.common.description, model: model.id,
            instructions: instructions,
            tools: zip(spec.tools, tools).map { name, tool in
                tool ?? ToolDefinition(name: name.value, fileSearch: .init(vectorStores: []))
            },
            sampling: spec.sampling, maxSteps: spec.maxSteps, toolChoice: spec.toolChoice,
            responseFormat: spec.responseFormat,
            metadata: metadata.isEmpty ? nil : metadata)
        definition.inputShields = shields(spec.inputShields, outputs, "inputShields", &unknown)
        definition.outputShields = shields(spec.outputShields, outputs, "outputShields", &unknown)
        let runtime = runtimes[address]
        definition.runtime = runtime == .responses ? nil : runtime
        definition.agentID = spec.existing?.value
        let isServed = runtime == .agents && spec.existing == nil
        definition.stack = isServed ? stack.name : nil
        let problems = RuntimeChoice.problems(of: definition, on: llamaStack.capabilities)
        let errors = problems.filter { $0.severity == .error }
        guard errors.isEmpty else { throw Diagnostics(errors) }
        if let id = spec.existing { try await existing.require(id) }
        let place = place(spec, address, outputs, &unknown)
        let desired = Desired(
            definition: definition, digest: try artifactDigest(definition), place: place,
            serverName: isServed ? try definition.serverName : nil,
            isDefinitionKnown: unknown.allSatisfy { $0.hasPrefix("log.") })
        return Wanted(desired, unknown: unknown, warnings: problems + (model.warning.map { [$0] } ?? []))
    }

    /// The server's ids of shields, without skipped ones; nil for none.
    private func shields(
        _ names: [Located<String>], _ outputs: Outputs, _ field: String, _ unknown: inout Set<String>
    ) -> [String]? {
        var ids: [String] = []
        for name in names {
            let shield = outputs[Address(ShieldResource.kind, name.value)]
            if let id = shield?["id"]?.string {
                ids.append(id)
            } else if shield?["isSkipped"] == nil {
                unknown.insert("\(field).\(name.value)")
            }
        }
        return ids.isEmpty ? nil : ids
    }

    /// The instructions, and the note for the metadata: which version of a prompt they are.
    private func instructions(
        _ spec: AgentSpec, _ outputs: Outputs, _ unknown: inout Set<String>
    ) throws(Diagnostic) -> (text: String, note: [String: String]) {
        switch spec.instructions {
        case .text(let text): return (text, [:])
        case .file(let path): return (try folder.text(of: path), [:])
        case .prompt(let use):
            let key = AgentDefinition.promptKey
            let told = try PromptedInstructions(use, given: outputs[Address(PromptResource.kind, use.name.value)])
            if told.text == nil { unknown.insert("instructions") }
            if told.uri == nil { unknown.insert("metadata.\(key)") }
            return (told.text ?? "", [key: told.uri ?? ""])
        }
    }

    private func place(
        _ spec: AgentSpec, _ address: Address, _ outputs: Outputs, _ unknown: inout Set<String>
    ) -> Place? {
        guard mlflow != nil, case .at(let log) = spec.log, let places = spec.place(at: address, in: stack) else {
            return nil
        }
        let id = outputs.value("id", of: places.experiment)?.string
        let model = outputs.value("name", of: places.registeredModel)?.string
        if id == nil { unknown.insert("log.experiment") }
        if model == nil { unknown.insert("log.registeredModel") }
        return Place(
            experimentID: id ?? "",
            experiment: outputs.value("name", of: places.experiment)?.string ?? places.experiment.name,
            registeredModel: model ?? places.registeredModel.name, tags: log.tags)
    }
}
