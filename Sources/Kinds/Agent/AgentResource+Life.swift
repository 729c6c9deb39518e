package import Engine
import Language
import Runtime
import Wire

/// The life cycle of an agent: first its server agent, then its version, and at last the removal of what is no longer
/// used.
extension AgentResource {
    package func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Live {
        try await update(Live(), to: desired, since: [:], at: address, in: context)
    }

    package func update(
        _ live: Live, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        var live = live
        live.onServer += try await missingServerAgent(live, desired)
        if let mlflow, let place = desired.place {
            if let current = live.current, current.registeredModel != place.registeredModel {
                live = try await renewed(live, of: context.stack, mlflow)  // It may just have been renamed.
            }
            let version = try await written(live, desired, at: address, in: context)
            try await setDefinition(of: version, desired, mlflow)
            try await setDescription(of: version, desired, mlflow)
            try await setTags(of: version, desired, in: place, since: last, mlflow)
            if let old = live.current, old.number != version.number || old.registeredModel != version.registeredModel {
                live.others = [old] + live.others.filter { $0.uri != version.uri }
            }
            live.current = version
            try await removeLeftovers(of: &live, mlflow)
        }
        return try await withoutUnused(live, desired)
    }

    /// The wanted version: the one that counts, or a new one.
    private func written(
        _ live: Live, _ desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> AgentVersion {
        guard let current = live.current, isSame(current, desired), !live.isModelGone,
            try await hasRun(live, current)
        else { return try await write(desired, beside: live, at: address, in: context) }
        return current
    }

    /// Whether the run exists, after restoring it if needed; one that was deleted permanently cannot be restored.
    private func hasRun(_ live: Live, _ current: AgentVersion) async throws -> Bool {
        guard live.isRunGone, let mlflow else { return true }
        do {
            try await mlflow.restoreRun(current.runID)
            return true
        } catch let error as WireError where error.isMissing {
            return false
        }
    }

    private func removeLeftovers(of live: inout Live, _ mlflow: MLflowServer) async throws {
        for twin in live.twins {
            try await mlflow.deleteModelVersion(twin.registeredModel, version: String(twin.number))
        }
        live.twins = []
        try await mlflow.removeLoose(live.loose.broken)
        live.loose = .none
    }

    /// The versions under their current names: the names of registered models change.
    private func renewed(_ live: Live, of stack: StackName, _ mlflow: MLflowServer) async throws -> Live {
        let listed = try await mlflow.agentVersions(ofStack: stack.name)
        func now(_ version: AgentVersion) -> AgentVersion? {
            listed.first {
                ($0.number, $0.modelID, $0.runID, $0.created)
                    == (version.number, version.modelID, version.runID, version.created)
            }
        }
        var renewed = live
        renewed.current = live.current.flatMap(now)
        renewed.others = live.others.compactMap(now)
        renewed.twins = live.twins.compactMap(now)
        return renewed
    }

    /// Writes the definition again where somebody has overwritten it.
    private func setDefinition(of version: AgentVersion, _ desired: Desired, _ mlflow: MLflowServer) async throws {
        guard !version.says(desired.definition) else { return }
        let (model, number, key) = (version.registeredModel, String(version.number), AgentVersion.definitionTag)
        if let text = try AgentVersionWriter.tag(with: desired.definition) {
            try await mlflow.setModelVersionTag(model, version: number, key, to: text)
        } else {
            try await mlflow.deleteModelVersionTag(model, version: number, key)
        }
    }

    /// MLflow shows it with the version; when the spec has none, it is left unchanged.
    private func setDescription(of version: AgentVersion, _ desired: Desired, _ mlflow: MLflowServer) async throws {
        let wanted = desired.left.removed(from: desired.definition.description, in: "description")
        guard let description = wanted, description != version.description else { return }
        try await mlflow.updateModelVersion(
            version.registeredModel, version: String(version.number), description: description)
    }

    private func setTags(
        of version: AgentVersion, _ desired: Desired, in place: Place, since last: AppliedFields,
        _ mlflow: MLflowServer
    ) async throws {
        for change in tagChanges(of: version, desired, in: place, since: last) {
            let key = String(change.path.dropFirst("tags.".count))
            if let value = change.new?.string {
                try await mlflow.setModelVersionTag(
                    version.registeredModel, version: String(version.number), key, to: value)
            } else {
                try await mlflow.deleteModelVersionTag(version.registeredModel, version: String(version.number), key)
            }
        }
    }

    private func write(
        _ desired: Desired, beside live: Live, at address: Address, in context: ApplyContext
    ) async throws -> AgentVersion {
        guard let mlflow, let place = desired.place else {
            preconditionFailure("An agent that is not logged is never written.")
        }
        return try await AgentVersionWriter(mlflow).write(
            NewAgentVersion(
                desired.definition, experimentID: place.experimentID, registeredModel: place.registeredModel,
                mark: Mark(stack: context.stack, address: address), tags: place.tags,
                order: live.nextOrder(in: place.registeredModel),
                llamaStackURL: llamaStack.endpoint.base, commit: commit), after: live.current)
    }

    /// Deletes the server agents, and our versions with what was logged for them; versions that an alias points at are
    /// only forgotten, and loading one creates its server agent again.
    package func delete(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        try await remove(live.onServer)
        guard let mlflow else { return }
        let now = try await renewed(live, of: context.stack, mlflow)
        for twin in now.twins {
            try await mlflow.deleteModelVersion(twin.registeredModel, version: String(twin.number))
        }
        for version in (now.others.reversed() + [now.current]).compactMap(\.self) {
            if version.aliases.isEmpty {
                try await mlflow.remove(version)
            } else {
                try await mlflow.forget(version, of: context.stack)
            }
        }
        try await mlflow.removeLoose(live.loose)
    }

    package func mark(_ live: Live, as address: Address, in context: ApplyContext) async throws -> Live {
        guard let mlflow else { return live }
        let isOurs = live.versions.contains { $0.mark?.stack == context.stack.name }
        let now = isOurs ? try await renewed(live, of: context.stack, mlflow) : live
        for version in now.versions {
            let (model, number) = (version.registeredModel, String(version.number))
            let mark = Mark(stack: context.stack, address: address)
            // What drover logged elsewhere would otherwise count as gone.
            if version.digest != nil, version.mark?.stack != mark.stack {
                try await mlflow.mark(partsOf: version, as: mark)
            }
            try await mark.put(over: version.tags) { key, value in
                guard version.tags[key] != value else { return }
                try await mlflow.setModelVersionTag(model, version: number, key, to: value)
            } remove: {
                try await mlflow.deleteModelVersionTag(model, version: number, $0)
            }
        }
        return now
    }

    /// The name of a server agent is its mark and cannot be changed: it is deleted, and created again when the version
    /// is loaded.
    package func forget(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        try await remove(live.onServer)
        guard let mlflow else { return }
        for version in try await renewed(live, of: context.stack, mlflow).versions.reversed() {
            try await mlflow.forget(version, of: context.stack)
        }
        try await mlflow.removeLoose(live.loose.broken)
    }
}

/// The outputs of an agent.
extension AgentResource {
    package func inlineOutputs(of desired: Desired) -> [String: Output]? {
        desired.isInline ? Self.outputs(desired.definition) : nil
    }

    package func draft(of desired: Desired) -> [String: Output] {
        var definition = desired.definition
        // The version of a prompt whose text is not applied yet is unknown, and does not affect how the agent runs.
        if definition.metadata?[AgentDefinition.promptKey] == "" {
            definition.metadata?[AgentDefinition.promptKey] = nil
            if definition.metadata?.isEmpty == true { definition.metadata = nil }
        }
        return Self.outputs(definition)
    }

    package func outputs(of live: Live) -> [String: Output] {
        guard let current = live.current else { return [:] }
        var outputs: [String: Output] = [
            "version": .integer(current.number), "model": .string(current.registeredModel), "uri": .string(current.uri),
        ]
        outputs["loggedModel"] = current.modelID.map(Output.string)
        return outputs.merging(current.definition.map(Self.outputs) ?? [:]) { _, definition in definition }
    }

    package func outputs(of live: Live, as desired: Desired) -> [String: Output] {
        desired.place == nil ? Self.outputs(desired.definition) : outputs(of: live)
    }

    package func outputs(ofCreating desired: Desired) -> [String: Output]? {
        desired.isDefinitionKnown ? Self.outputs(desired.definition) : nil
    }

    package func outputs(ofUpdating live: Live, to desired: Desired) -> [String: Output] {
        let isKept = live.current.map { isSame($0, desired) && !live.isModelGone } ?? false
        if desired.place != nil, isKept { return outputs(of: live) }
        return desired.isDefinitionKnown ? Self.outputs(desired.definition) : [:]
    }

    private static func outputs(_ definition: AgentDefinition) -> [String: Output] {
        ["definition": .typed(definition)]
    }
}
