package import Engine
import Language
import Runtime

extension AgentResource {
    /// Whether a version is what is wanted, its tags apart.
    func isSame(_ version: AgentVersion, _ desired: Desired) -> Bool {
        version.digest == desired.digest && version.registeredModel == desired.place?.registeredModel
            && version.tags[AgentVersion.experimentTag] == desired.place?.experimentID
    }

    package func differences(
        between live: Live, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        guard let place = desired.place else { return [] }
        let tags = FieldChange.between(
            live: tagFields(live.current.tags), desired: tagFields(place.tags),
            since: last.filter { $0.key.hasPrefix("tags.") })
        guard !isSame(live.current, desired) else { return tags }
        let wanted = desired.definition.fields
        let present = live.current.definition?.fields ?? [:]
        var changes = FieldChange.between(live: present, desired: wanted, since: present)
        if live.current.registeredModel != place.registeredModel {
            changes.append(
                FieldChange(
                    "log.registeredModel", old: .string(live.current.registeredModel),
                    new: .string(place.registeredModel)))
        }
        if live.current.tags[AgentVersion.experimentTag] != place.experimentID {
            let old = live.current.tags[AgentVersion.experimentTag].map { Value.string("experiment \($0)") }
            changes.append(FieldChange("log.experiment", old: old, new: .string(place.experiment)))
        }
        if changes.isEmpty {
            let isCode = live.current.definition == nil || live.current.definition == desired.definition
            changes.append(
                isCode
                    ? FieldChange("code", note: "this version of drover logs agents with newer code")
                    : FieldChange("definition", note: "name or order of tools changed"))
        }
        return changes + tags
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

extension AgentDefinition {
    /// What a plan compares, by path.
    fileprivate var fields: AppliedFields {
        var fields: AppliedFields = [
            "model": .string(model), "instructions": .string(instructions), "maxSteps": .integer(maxSteps),
        ]
        fields["description"] = description.map { .string($0) }
        fields["toolChoice"] = toolChoice.map { .string($0) }
        fields["responseFormat"] = responseFormat
        fields["inputShields"] = inputShields.map { .array($0.map { .string($0) }) }
        fields["outputShields"] = outputShields.map { .array($0.map { .string($0) }) }
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
    /// The tool without its name, which is the path.
    fileprivate var summary: Value {
        // A definition always encodes.
        guard var object = (try? Value(encoding: self))?.object else { return .null }
        object["name"] = nil
        return .object(object)
    }
}
