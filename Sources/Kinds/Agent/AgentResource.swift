package import Engine
package import Language
import Runtime
package import Wire

/// Agents. Each is realised as a version of a registered model in MLflow, unless `log: false`: then it lives nowhere.
///
/// A changed definition is a new version; the old ones stay. Found by one search for the stack's mark.
package struct AgentResource: Resource {
    package static let kind = "agents"
    package static let onDelete = OnDelete.delete

    package struct Desired: Sendable {
        var definition: AgentDefinition
        var digest: String
        /// nil when it is not logged.
        var place: Place?
    }

    struct Place: Sendable {
        var experimentID: String
        var experiment: String
        var registeredModel: String
        var tags: [String: String]
    }

    /// An agent's versions, of which one counts.
    package struct Live: Sendable {
        var current: AgentVersion
        var others: [AgentVersion]
    }

    private let llamaStack: LlamaStack
    private let mlflow: MLflowServer?
    private let registry: Registry?
    private let stack: StackName
    private let folder: SpecFolder
    private let models: ModelListing
    private let commit: String?

    /// Makes a resource: `mlflow` is nil when nothing in the spec is logged, `commit` outside of a git repository.
    package init(
        _ llamaStack: LlamaStack, mlflow: MLflowServer?, registry: Registry? = nil, stack: StackName,
        folder: SpecFolder, models: ModelListing, commit: String?
    ) {
        self.registry = registry
        self.llamaStack = llamaStack
        self.mlflow = mlflow
        self.stack = stack
        self.folder = folder
        self.models = models
        self.commit = commit
    }

    package func discover(_ wanted: [Address: AgentSpec], of stack: StackName) async throws -> [Discovered<Live>] {
        guard let mlflow else { return [] }
        let ours = try await mlflow.agentVersions(ofStack: stack.name, in: registry).filter { version in
            version.mark?.address.kind == Self.kind && version.status != .failed
        }
        let byAddress = Dictionary(grouping: ours) { $0.mark?.address ?? Address(Self.kind, "") }
        return byAddress.compactMap { address, versions in
            let sorted = versions.sorted { ($0.applied, $0.number) > ($1.applied, $1.number) }
            guard let current = sorted.first else { return nil }
            return Discovered(
                address, .ours, Live(current: current, others: Array(sorted.dropFirst())), label: current.uri)
        }
    }

    package func desired(
        _ spec: AgentSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        let model = try await models.resolve(spec.model, for: "to answer with", given: outputs)
        var unknown: Set<String> = []
        let tools = try spec.tools.map { tool in
            try outputs.value("definition", of: Address(ToolResource.kind, tool.value))?.decoded(
                as: ToolDefinition.self)
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
        let problems = RuntimeChoice.problems(of: definition, on: llamaStack.capabilities)
        let errors = problems.filter { $0.severity == .error }
        guard errors.isEmpty else { throw Diagnostics(errors) }
        let desired = Desired(
            definition: definition, digest: try artifactDigest(definition),
            place: place(spec, address, outputs, &unknown))
        return Wanted(desired, unknown: unknown, warnings: problems)
    }

    /// The server's ids of shields, without those that are skipped; nil for none.
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

    /// What it is told, and the note that goes into its metadata: which version of a prompt that is.
    private func instructions(
        _ spec: AgentSpec, _ outputs: Outputs, _ unknown: inout Set<String>
    ) throws(Diagnostic) -> (text: String, note: [String: String]) {
        switch spec.instructions {
        case .text(let text): return (text, [:])
        case .file(let path): return (try folder.text(of: path), [:])
        case .prompt(let use):
            let key = PromptedInstructions.noteKey
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

    package func inlineOutputs(of desired: Desired) -> [String: Value]? {
        guard desired.place == nil else { return nil }
        return (try? Value(encoding: desired.definition)).map { ["definition": $0] }  // It was encoded for the digest.
    }

    package func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Live {
        Live(current: try await write(desired, at: address, in: context), others: [])
    }

    package func update(
        _ live: Live, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        guard let mlflow, let place = desired.place else { return live }
        var version = live.current
        if !isSame(version, desired) {
            version = try await write(desired, at: address, in: context)
            if version.applied < live.current.applied {
                let now = live.current.applied + 1
                try await mlflow.setModelVersionTag(
                    version.registeredModel, version: String(version.number), AgentVersion.appliedTag, to: String(now))
            }
        }
        let changes = FieldChange.between(
            live: tagFields(version.tags), desired: tagFields(place.tags),
            since: last.filter { $0.key.hasPrefix("tags.") })
        for change in changes {
            let key = String(change.path.dropFirst("tags.".count))
            if let value = change.new?.string {
                try await mlflow.setModelVersionTag(
                    version.registeredModel, version: String(version.number), key, to: value)
            } else {
                try await mlflow.deleteModelVersionTag(version.registeredModel, version: String(version.number), key)
            }
        }
        return Live(current: version, others: [live.current] + live.others)
    }

    private func write(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> AgentVersion {
        guard let mlflow, let place = desired.place else {
            preconditionFailure("An agent that is not logged is never written.")
        }
        return try await AgentVersionWriter(mlflow).write(
            NewAgentVersion(
                desired.definition, experimentID: place.experimentID, registeredModel: place.registeredModel,
                mark: Mark(stack: context.stack, address: address), tags: place.tags,
                llamaStackURL: llamaStack.endpoint.base, commit: commit))
    }

    /// Deletes the versions of ours with what was logged for them; those that an alias points at are only forgotten.
    package func delete(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        guard let mlflow else { return }
        for version in live.others + [live.current] {
            guard version.aliases.isEmpty else {
                try await unmark(version, mlflow)
                continue
            }
            if let model = version.modelID { try await mlflow.deleteLoggedModel(model) }
            if !version.runID.isEmpty { try await mlflow.deleteRun(version.runID) }
            try await mlflow.deleteModelVersion(version.registeredModel, version: String(version.number))
        }
    }

    package func mark(_ live: Live, as address: Address, in context: ApplyContext) async throws -> Live {
        guard let mlflow else { return live }
        for version in [live.current] + live.others {
            try await mlflow.setModelVersionTag(
                version.registeredModel, version: String(version.number), Mark.addressKey, to: address.description)
        }
        return live
    }

    package func forget(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        guard let mlflow else { return }
        for version in live.others + [live.current] { try await unmark(version, mlflow) }
    }

    private func unmark(_ version: AgentVersion, _ mlflow: MLflowServer) async throws {
        for key in [Mark.addressKey, Mark.stackKey] {
            try await mlflow.deleteModelVersionTag(version.registeredModel, version: String(version.number), key)
        }
    }

    package func outputs(of live: Live) -> [String: Value] {
        var outputs: [String: Value] = [
            "version": .integer(live.current.number), "model": .string(live.current.registeredModel),
            "uri": .string(live.current.uri),
        ]
        outputs["loggedModel"] = live.current.modelID.map(Value.string)
        // Encoded from what was decoded: cannot fail.
        outputs["definition"] = live.current.definition.flatMap { try? Value(encoding: $0) }
        return outputs
    }

    package func outputs(ofUpdating live: Live, to desired: Desired) -> [String: Value] {
        isSame(live.current, desired) ? outputs(of: live) : [:]
    }
}
