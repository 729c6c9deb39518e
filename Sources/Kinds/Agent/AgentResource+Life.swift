package import Engine
import Language
import Runtime
import Wire

/// The life of an agent: first its agent on the server, then its version, at last what nobody uses any more.
extension AgentResource {
    package func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Live {
        let nothing = Live(current: nil, others: [], onServer: [])
        return try await update(nothing, to: desired, since: [:], at: address, in: context)
    }

    package func update(
        _ live: Live, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        var live = live
        live.onServer += try await missingServerAgent(live, desired)
        if let mlflow, let place = desired.place {
            let version = try await written(live, desired, at: address, in: context)
            try await setTags(of: version, in: place, since: last, mlflow)
            if let old = live.current, old.number != version.number || old.registeredModel != version.registeredModel {
                live.others = [old] + live.others.filter { $0.uri != version.uri }
            }
            live.current = version
        }
        return try await withoutUnused(live, desired)
    }

    /// The version that is wanted: the one that counts, an older one that counts again, or a new one.
    private func written(
        _ live: Live, _ desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> AgentVersion {
        if let current = live.current, isSame(current, desired) { return current }
        let version = try await write(desired, at: address, in: context)
        guard let mlflow, let current = live.current, version.applied < current.applied else { return version }
        try await mlflow.setModelVersionTag(
            version.registeredModel, version: String(version.number), AgentVersion.appliedTag,
            to: String(current.applied + 1))
        return version
    }

    private func setTags(
        of version: AgentVersion, in place: Place, since last: AppliedFields, _ mlflow: MLflowServer
    ) async throws {
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

    /// Deletes the server agents, and the versions of ours with what was logged for them; versions that an alias points at
    /// are only forgotten, and whoever loads one makes its server agent again.
    package func delete(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        try await remove(live.onServer)
        guard let mlflow else { return }
        for version in live.versions.reversed() {
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
        for version in live.versions {
            try await mlflow.setModelVersionTag(
                version.registeredModel, version: String(version.number), Mark.addressKey, to: address.description)
        }
        return live
    }

    /// The name of a server agent is its mark and cannot be changed: it goes, and is made again by whoever loads the
    /// version.
    package func forget(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        try await remove(live.onServer)
        guard let mlflow else { return }
        for version in live.versions.reversed() { try await unmark(version, mlflow) }
    }

    private func unmark(_ version: AgentVersion, _ mlflow: MLflowServer) async throws {
        for key in [Mark.addressKey, Mark.stackKey] {
            try await mlflow.deleteModelVersionTag(version.registeredModel, version: String(version.number), key)
        }
    }
}

/// What others learn of an agent.
extension AgentResource {
    package func inlineOutputs(of desired: Desired) -> [String: Output]? {
        desired.isInline ? Self.outputs(desired.definition) : nil
    }

    package func draft(of desired: Desired) -> [String: Output] {
        var definition = desired.definition
        // The version of a prompt whose text is not applied yet is unknown, and nothing is run otherwise for that.
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
        if desired.place != nil, let current = live.current, isSame(current, desired) { return outputs(of: live) }
        return desired.isDefinitionKnown ? Self.outputs(desired.definition) : [:]
    }

    private static func outputs(_ definition: AgentDefinition) -> [String: Output] {
        ["definition": .typed(definition)]
    }
}
