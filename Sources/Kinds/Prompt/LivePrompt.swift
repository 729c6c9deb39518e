package import Engine
import Language
import Wire

/// A prompt version, as far as drover understands it.
struct PromptVersion: Sendable, Hashable {
    /// The tag with the digest of the content, by which the version with some content is found.
    static let digestTag = "drover.digest"

    let number: Int
    let content: PromptContent
    /// The stack that created it; nil when drover did not.
    let stack: String?

    /// nil when its content is neither text nor a plain chat.
    init?(_ version: MLflowModelVersion) {
        guard let number = Int(version.version), let content = PromptContent(version) else { return nil }
        self.number = number
        self.content = content
        stack = version.tags[Mark.stackKey]
    }
}

extension PromptResource {
    /// A prompt with its versions.
    package struct Live: Sendable {
        var prompt: MLflowRegisteredModel
        /// Newest first.
        private(set) var versions: [PromptVersion]
        /// The version with the content of the spec; nil when there is none, or nothing is declared.
        var current: PromptVersion?

        init(prompt: MLflowRegisteredModel, versions: [MLflowModelVersion]) {
            self.prompt = prompt
            self.versions = versions.compactMap(PromptVersion.init).sorted { $0.number > $1.number }
        }

        /// The newest version with this content; the content itself counts, not what the tags claim.
        func version(saying content: PromptContent) -> PromptVersion? {
            versions.first { $0.content == content }
        }

        mutating func add(_ made: MLflowModelVersion) {
            if let version = PromptVersion(made) { versions.insert(version, at: 0) }
        }

        /// Versions with the same content as a newer one, created by a request that was delivered twice.
        var twins: [PromptVersion] {
            let aliased = Set(prompt.aliases.values)
            var said: Set<PromptContent> = []
            return versions.filter { version in
                guard let stack = version.stack, stack == prompt.tags[Mark.stackKey] else { return false }
                return !said.insert(version.content).inserted && !aliased.contains(String(version.number))
            }
        }

        mutating func remove(_ gone: [PromptVersion]) {
            versions.removeAll(where: gone.contains)
        }

        /// The aliases that drover set and that are no longer declared.
        func pastAliases(_ last: AppliedFields, _ desired: Desired) -> [String] {
            guard let old = last["alias"]?.string, old != desired.alias, prompt.aliases[old] != nil else { return [] }
            return [old]
        }
    }

    /// Of a template that is left to others, the newest version counts.
    package func leaving(_ left: LeftFields, of desired: Desired, as live: Live) -> Desired {
        var kept = desired
        kept.description = left.removed(from: desired.description, in: "description")
        kept.tags = left.removed(from: desired.tags, in: "tags")
        kept.alias = left.removed(from: desired.alias, in: "alias")
        if left.contains("template"), let newest = live.versions.first { kept.content = newest.content }
        return kept
    }

    package func differences(
        between live: Live, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        var changes = ownChanges(live, desired, last)
        if !live.prompt.name.isExactly(desired.name) {
            changes.insert(FieldChange("name", old: .string(live.prompt.name), new: .string(desired.name)), at: 0)
        }
        let version = live.version(saying: desired.content)
        if version == nil {
            // What was applied last is the content of the newest version, unless somebody added one.
            let old = live.versions.first?.content.value
            changes.append(FieldChange("template", old: old, new: desired.content.value))
        }
        let twins = live.twins.map { "version \($0.number)" }
        if !twins.isEmpty {
            changes.append(FieldChange("versions", note: "\(twins.joined(separator: ", ")), made twice: deleted"))
        }
        for alias in live.pastAliases(last, desired) {
            changes.append(FieldChange("alias", old: .string(alias), new: desired.alias.map { .string($0) }))
        }
        if let alias = desired.alias, live.prompt.aliases[alias] != version.map({ String($0.number) }) {
            let old = live.prompt.aliases[alias].map { "from version \($0) " } ?? ""
            let new = version.map { "version \($0.number)" } ?? "the new version"
            // What is wanted is what was applied, and is there: somebody moved the alias.
            let isMoved =
                version != nil && last["alias"] == .string(alias) && last["template"] == desired.content.value
            changes.append(
                FieldChange("alias.\(alias)", cause: isMoved ? .drift : nil, note: "points \(old)to \(new)"))
        }
        return changes
    }

    /// The differences besides the name, the versions and the alias.
    func ownChanges(_ live: Live, _ desired: Desired, _ last: AppliedFields) -> [FieldChange] {
        let own = { (path: String) in path == "description" || path.hasPrefix("tags.") }
        return FieldChange.between(
            live: fields(of: live).filter { own($0.key) }, desired: fields(of: desired).filter { own($0.key) },
            since: last.filter { own($0.key) })
    }

    package func fields(of live: Live) -> AppliedFields {
        var fields: AppliedFields = ["name": .string(live.prompt.name)]
        fields["template"] = (live.current ?? live.versions.first)?.content.value
        fields["description"] = live.prompt.description.isEmpty ? nil : .string(live.prompt.description)
        for (alias, version) in live.prompt.aliases { fields["alias.\(alias)"] = .string(version) }
        for (key, value) in live.prompt.tags { fields["tags.\(key)"] = .string(value) }
        return fields
    }

    package func fields(of desired: Desired) -> AppliedFields {
        var fields: AppliedFields = ["name": .string(desired.name), "template": desired.content.value]
        fields["description"] = desired.description.map { .string($0) }
        fields["alias"] = desired.alias.map { .string($0) }
        for (key, value) in desired.tags { fields["tags.\(key)"] = .string(value) }
        return fields
    }

    package func identity(of desired: Desired) -> AppliedFields { ["template": desired.content.value] }

    package func outputs(of live: Live) -> [String: Output] {
        PromptOutputs(name: live.prompt.name, versions: live.versions, current: live.current).values
    }

    package func outputs(of live: Live, as desired: Desired) -> [String: Output] {
        let current = live.version(saying: desired.content)
        return PromptOutputs(name: live.prompt.name, versions: live.versions, current: current).values
    }

    package func outputs(ofUpdating live: Live, to desired: Desired) -> [String: Output] {
        let current = live.version(saying: desired.content)
        var values = PromptOutputs(name: desired.name, versions: live.versions, current: current).values
        values["template"] = .plain(desired.content.value)  // The number of its version may be known only after apply.
        return values
    }
}
