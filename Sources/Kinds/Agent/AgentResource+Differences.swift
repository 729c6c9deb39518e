package import Engine
import Language
import Runtime
import Wire

extension AgentResource {
    /// Whether a version is the wanted one, apart from its tags.
    func isSame(_ version: AgentVersion, _ desired: Desired) -> Bool {
        version.digest == desired.digest && version.registeredModel == desired.place?.registeredModel
            && version.tags[AgentVersion.experimentTag] == desired.place?.experimentID
    }

    /// A version is never changed, apart from its description and its tags.
    package func leaving(_ left: LeftFields, of desired: Desired, as live: Live) -> Desired {
        var kept = desired
        kept.left = left
        return kept
    }

    package func differences(
        between live: Live, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        let changes =
            desired.place.map { logged(live, desired, in: $0, since: last) } ?? unlogged(live, desired, since: last)
        return changes + served(live, desired, isChanged: !changes.isEmpty)
    }

    /// The changes of the server agents, unless a change of the definition implies them.
    private func served(_ live: Live, _ desired: Desired, isChanged: Bool) -> [FieldChange] {
        guard !isChanged else { return [] }
        var changes: [FieldChange] = []
        if let name = desired.serverName, !live.onServer.contains(where: { $0.name == name }) {
            // It is made before the version is logged: where that is there, somebody deleted it.
            let isLost = desired.place != nil && live.current != nil
            changes.append(FieldChange("serverAgent", new: .string(name), cause: isLost ? .drift : nil))
        }
        let unused = unused(live, desired)
        if !unused.isEmpty {
            let names = unused.compactMap(\.name).listed
            changes.append(FieldChange(Self.formerAgents, note: "\(names) of earlier definitions: deleted"))
        }
        return changes
    }

    /// The changes of an agent that is not logged: only the last applied fields are known of it.
    private func unlogged(_ live: Live, _ desired: Desired, since last: AppliedFields) -> [FieldChange] {
        guard !live.onServer.contains(where: { $0.name == desired.serverName }) else { return [] }
        return FieldChange.between(live: last, desired: fields(of: desired), since: last)
    }

    private func logged(
        _ live: Live, _ desired: Desired, in place: Place, since last: AppliedFields
    ) -> [FieldChange] {
        guard let current = live.current else {
            return [FieldChange("version", note: "not logged yet")]
        }
        let tags = tagChanges(of: current, desired, in: place, since: last)
        guard isSame(current, desired) else { return changes(of: current, desired, in: place) + tags }
        return Self.repairs(of: live, current, desired) + tags
    }

    func tagChanges(
        of version: AgentVersion, _ desired: Desired, in place: Place, since last: AppliedFields
    ) -> [FieldChange] {
        FieldChange.between(
            live: tagFields(version.tags), desired: desired.left.removed(from: tagFields(place.tags)),
            since: last.filter { $0.key.hasPrefix("tags.") })
    }

    /// What differs from how drover left a version that is still the wanted one.
    private static func repairs(of live: Live, _ current: AgentVersion, _ desired: Desired) -> [FieldChange] {
        var changes: [FieldChange] = []
        if let description = desired.left.removed(from: desired.definition.description, in: "description"),
            current.description != description
        {
            changes.append(
                FieldChange("description", old: .string(current.description), new: .string(description), cause: .drift))
        }
        changes += current.overwritten(from: desired.definition)
        if live.isModelGone {
            changes.append(FieldChange("loggedModel", cause: .drift, note: "was deleted on the server: logged again"))
        }
        if live.isRunGone, !live.isModelGone {
            changes.append(FieldChange("run", old: "deleted", new: "active", cause: .drift, note: "restored"))
        }
        let twins = live.twins.map { "version \($0.number), made twice" }
        let left = (twins + [live.loose.broken.told]).filter { !$0.isEmpty }
        if !left.isEmpty {
            changes.append(FieldChange("leftovers", note: "\(left.joined(separator: ", ")): deleted"))
        }
        return changes
    }

    private func changes(of current: AgentVersion, _ desired: Desired, in place: Place) -> [FieldChange] {
        let present = current.definition?.fields ?? [:]
        var changes = FieldChange.between(live: present, desired: desired.definition.fields, since: present)
        if current.registeredModel != place.registeredModel {
            changes.append(
                FieldChange(
                    "log.registeredModel", old: .string(current.registeredModel), new: .string(place.registeredModel)))
        }
        if current.tags[AgentVersion.experimentTag] != place.experimentID {
            let old = current.tags[AgentVersion.experimentTag].map { Value.string("experiment \($0)") }
            // Of an experiment that is still to be made, the version knows another one for that reason alone.
            changes.append(
                FieldChange(
                    "log.experiment", old: old, new: .string(place.experiment),
                    cause: place.experimentID.isEmpty ? .spec : nil))
        }
        guard changes.isEmpty else { return changes }
        let isCode = current.definition == nil || current.definition == desired.definition
        return [
            isCode
                ? FieldChange("code", note: "this version of drover logs agents with newer code")
                : FieldChange("definition", note: "name or order of tools changed")
        ]
    }

    package func fields(of live: Live) -> AppliedFields {
        guard let current = live.current else {
            return Dictionary(live.onServer.map { ("serverAgent", .string($0.name ?? $0.id)) }) { first, _ in first }
        }
        var fields = current.definition?.fields ?? [:]
        fields["digest"] = current.digest.map { .string($0) }
        fields["description"] = current.description.isEmpty ? nil : .string(current.description)
        fields["loggedModel"] = live.isModelGone ? "deleted" : current.modelID.map { .string($0) }
        fields["run"] = live.isRunGone ? "deleted" : .string(current.runID)
        fields["log.experiment"] = current.tags[AgentVersion.experimentTag].map { .string($0) }
        fields["log.registeredModel"] = .string(current.registeredModel)
        return fields.merging(tagFields(current.tags)) { field, _ in field }
    }

    package func fields(of desired: Desired) -> AppliedFields {
        var fields = desired.definition.fields
        fields["log.experiment"] = desired.place.map { .string($0.experiment) }
        fields["log.registeredModel"] = desired.place.map { .string($0.registeredModel) }
        return fields.merging(tagFields(desired.place?.tags ?? [:])) { field, _ in field }
    }

    func tagFields(_ tags: [String: String]) -> AppliedFields {
        Dictionary(tags.map { ("tags.\($0.key)", .string($0.value)) }) { first, _ in first }
    }
}

extension AgentVersion {
    /// What the tag says differently from the definition of its digest: somebody has overwritten it.
    fileprivate func overwritten(from definition: AgentDefinition) -> [FieldChange] {
        guard !says(definition) else { return [] }
        let present = self.definition?.fields ?? [:]
        let changes = self.definition.map { _ in
            FieldChange.between(live: present, desired: definition.fields, since: present)
        }
        guard let changes, !changes.isEmpty else {
            return [FieldChange("definition", cause: .drift, note: "was changed on the server: written again")]
        }
        return changes.map { change in
            var change = change
            change.cause = .drift
            return change
        }
    }

    /// Whether its tag has this definition, or rightly none.
    func says(_ definition: AgentDefinition) -> Bool {
        // A definition always encodes.
        guard let text = try? AgentVersionWriter.tag(with: definition) else {
            return tags[AgentVersion.definitionTag] == nil
        }
        return tags[AgentVersion.definitionTag] == text || self.definition == definition
    }
}

extension AgentDefinition {
    /// The fields that a plan compares, by path.
    fileprivate var fields: AppliedFields {
        var fields: AppliedFields = [
            "model": .string(model), "instructions": .string(instructions), "maxSteps": .integer(maxSteps),
        ]
        fields["description"] = description.map { .string($0) }
        fields["toolChoice"] = toolChoice.map { .string($0) }
        fields["responseFormat"] = responseFormat
        fields["inputShields"] = inputShields.map { .array($0.map { .string($0) }) }
        fields["outputShields"] = outputShields.map { .array($0.map { .string($0) }) }
        fields["runtime"] = runtime.map { .string($0.rawValue) }
        fields["existing.id"] = agentID.map { .string($0) }
        for (key, value) in metadata ?? [:] { fields["metadata.\(key)"] = .string(value) }
        for tool in tools { fields["tools.\(tool.name)"] = tool.summary }
        if let sampling {
            fields["sampling.temperature"] = sampling.temperature.map { .number($0) }
            fields["sampling.topP"] = sampling.topP.map { .number($0) }
            fields["sampling.maxTokens"] = sampling.maxTokens.map { .integer($0) }
            fields["sampling.seed"] = sampling.seed.map { .integer($0) }
            fields["sampling.stop"] = sampling.stop.map { .array($0.map { .string($0) }) }
        }
        return fields
    }
}

extension ToolDefinition {
    /// The tool without its name, which is in the path.
    fileprivate var summary: Value {
        // A definition always encodes.
        guard var object = (try? Value(encoding: self))?.object else { return .null }
        object["name"] = nil
        return .object(object)
    }
}
