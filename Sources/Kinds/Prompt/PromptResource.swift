package import Engine
package import Language
package import Wire

/// Prompts of an MLflow server. Identity: the mark, then the unique name, in the name space that registered models
/// share.
///
/// A changed text is a new version, unless an older version has it; the content of a version is never changed.
package struct PromptResource: Resource {
    package static let kind = PromptSpec.kind
    package static let onDelete = OnDelete.delete
    package static let makesVersions = true

    package struct Desired: Sendable {
        var name: String
        var description: String?
        var tags: [String: String]
        var content: PromptContent
        var alias: String?
    }

    private let server: MLflowServer
    private let registry: Registry
    private let folder: SpecFolder

    package init(_ server: MLflowServer, registry: Registry, folder: SpecFolder) {
        self.server = server
        self.registry = registry
        self.folder = folder
    }

    package func discover(_ wanted: [Address: PromptSpec], of stack: StackName) async throws -> [Discovered<Live>] {
        let names = Dictionary(wanted.map { ($1.liveName(at: $0), $0) }) { first, _ in first }
        let claims = Claims(stack, Self.kind, wantedByName: names)
        // Prompts that are declared are there, save at the first apply: so both listings are asked for at once.
        async let ahead = wanted.isEmpty ? [] : registry.promptVersions.value()
        let prompts = try await registry.prompts.value().filter { claims.claim($0.tags, name: $0.name) != nil }
        _ = try await ahead
        let listed = prompts.isEmpty ? [] : try await registry.promptVersions.value()
        let versions = Dictionary(grouping: listed, by: \.name)
        let contents = try contents(of: wanted)
        let found = prompts.compactMap { prompt -> Discovered<Live>? in
            guard let claim = claims.claim(prompt.tags, name: prompt.name) else { return nil }
            var live = Live(prompt: prompt, versions: versions[prompt.name, default: []])
            let isLeft = wanted[claim.address]?.common.left.contains("template") ?? false
            live.current = isLeft ? live.versions.first : contents[claim.address].flatMap(live.version)
            return Discovered(claim.address, claim.ownership, live, label: "prompt \(prompt.name)")
        }
        return claims.sorted(found)
    }

    package static let importKey: String? = "the prompt's name"

    package func find(_ id: String, of stack: StackName) async throws -> Discovered<Live>? {
        guard let prompt = try await registry.prompts.value().first(where: { $0.name.isExactly(id) }) else {
            return nil
        }
        let versions = try await registry.promptVersions.value().filter { $0.name == prompt.name }
        return Discovered(
            named: id, Self.kind, Live(prompt: prompt, versions: versions), prompt.tags, of: stack,
            label: "prompt \(prompt.name)")
    }

    /// The wanted content at each address, and at the one that it was moved from.
    private func contents(of wanted: [Address: PromptSpec]) throws(Diagnostic) -> [Address: PromptContent] {
        var contents: [Address: PromptContent] = [:]
        for (address, spec) in wanted {
            let content = try spec.template.content(in: folder)
            contents[address] = content
            if let old = spec.common.moved { contents[Address(Self.kind, old.value)] = content }
        }
        return contents
    }

    package func desired(
        _ spec: PromptSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        let name = spec.liveName(at: address)
        try await registry.requireNoModel(named: name, for: address)
        return Wanted(
            Desired(
                name: name, description: spec.common.description, tags: spec.tags,
                content: try spec.template.content(in: folder), alias: spec.alias))
    }

    package func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Live {
        let mark = Mark(stack: context.stack, address: address)
        let tags = desired.tags.merging(mark.tags) { _, mark in mark }
        do {
            try await server.createPrompt(desired.name, description: desired.description ?? "", tags: tags)
        } catch let error as WireError where error.isAlreadyThere {
            let named = try await server.prompts().first { $0.name == desired.name }
            guard let named else { throw Diagnostic.nameTaken(desired.name, by: "a registered model", address) }
            guard Mark(named.tags) == mark else { throw error }  // Our own creation, whose response was lost.
            let versions = try await server.promptVersions().filter { $0.name == desired.name }
            let live = Live(prompt: named, versions: versions)
            return try await update(live, to: desired, since: [:], at: address, in: context)
        }
        let prompt = MLflowRegisteredModel(name: desired.name, description: desired.description ?? "", tags: tags)
        return try await say(desired, on: Live(prompt: prompt, versions: []), since: [:], as: mark)
    }

    package func update(
        _ live: Live, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        var live = live
        if !live.prompt.name.isExactly(desired.name) {
            try await server.renameRegisteredModel(live.prompt.name, to: desired.name, for: address)
            live.prompt.name = desired.name
        }
        for change in ownChanges(live, desired, last) { try await set(change, of: desired.name) }
        return try await say(desired, on: live, since: last, as: Mark(stack: context.stack, address: address))
    }

    private func set(_ change: FieldChange, of name: String) async throws {
        guard change.path != "description" else {
            return try await server.updateRegisteredModel(name, description: change.new?.string ?? "")
        }
        let key = String(change.path.dropFirst("tags.".count))
        guard let value = change.new?.string else { return try await server.deleteRegisteredModelTag(name, key) }
        try await server.setRegisteredModelTag(name, key, to: value)
    }

    /// Ensures the version with the wanted content, and the alias.
    private func say(
        _ desired: Desired, on live: Live, since last: AppliedFields, as mark: Mark
    ) async throws -> Live {
        var live = live
        if live.version(saying: desired.content) == nil {
            var tags = mark.tags
            tags[PromptVersion.digestTag] = desired.content.digest
            let made = try await server.createPromptVersion(
                of: desired.name, text: desired.content.stored, isChat: desired.content.isChat, tags: tags,
                beside: Set(live.versions.map { String($0.number) }))
            live.add(made)
        }
        live.current = live.version(saying: desired.content)
        for alias in live.pastAliases(last, desired) {
            try await server.deleteAlias(alias, of: desired.name)
            live.prompt.aliases[alias] = nil
        }
        if let alias = desired.alias, let number = live.current.map({ String($0.number) }),
            live.prompt.aliases[alias] != number
        {
            try await server.setAlias(alias, of: desired.name, toVersion: number)
            live.prompt.aliases[alias] = number
        }
        for twin in live.twins {
            try await server.deleteModelVersion(desired.name, version: String(twin.number))
        }
        live.remove(live.twins)
        return live
    }

    package func reasonToKeep(
        _ live: Live, of stack: StackName, forgetting forgotten: Set<Address>
    ) async throws -> String? {
        let address = Mark(live.prompt.tags)?.address ?? Address(Self.kind, live.prompt.name)
        // One listing for all prompts that go; before one is deleted it is looked at again.
        let versions = try await registry.promptVersions.value().filter { $0.name == live.prompt.name }
        try Self.requireOwn(versions, of: live, as: address, stack)
        return nil
    }

    private static func requireOwn(
        _ versions: [MLflowModelVersion], of live: Live, as address: Address, _ stack: StackName
    ) throws(Diagnostic) {
        let foreign = versions.filter { $0.tags[Mark.stackKey] != stack.name }.map(\.version)
        guard foreign.isEmpty else { throw Diagnostic.holdsForeignVersions(live.prompt.name, address, foreign) }
    }

    /// - Throws: `Diagnostic` (`protected`) when it has versions that drover did not create.
    package func delete(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        try Self.requireOwn(try await versions(of: live), of: live, as: address, context.stack)
        try await server.deleteRegisteredModel(live.prompt.name)
    }

    package func mark(_ live: Live, as address: Address, in context: ApplyContext) async throws -> Live {
        let (name, mark) = (live.prompt.name, Mark(stack: context.stack, address: address))
        if live.prompt.tags[Mark.retainedKey] == context.stack.name {
            for version in try await versions(of: live) where version.tags[Mark.retainedKey] == context.stack.name {
                let (key, digest) = (PromptVersion.digestTag, PromptContent(version)?.digest)
                if let digest {
                    try await server.setModelVersionTag(name, version: version.version, key, to: digest)
                }
                try await mark.put(over: version.tags) {
                    try await server.setModelVersionTag(name, version: version.version, $0, to: $1)
                } remove: {
                    try await server.deleteModelVersionTag(name, version: version.version, $0)
                }
            }
        }
        try await mark.put(over: live.prompt.tags) {
            try await server.setRegisteredModelTag(name, $0, to: $1)
        } remove: {
            try await server.deleteRegisteredModelTag(name, $0)
        }
        return live
    }

    private func versions(of live: Live) async throws -> [MLflowModelVersion] {
        try await server.promptVersions().filter { $0.name == live.prompt.name }
    }

    package func forget(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        let name = live.prompt.name
        for version in try await versions(of: live) where version.tags[Mark.stackKey] == context.stack.name {
            try await Mark.takeOff(of: context.stack, with: [PromptVersion.digestTag]) {
                try await server.setModelVersionTag(name, version: version.version, $0, to: $1)
            } remove: {
                try await server.deleteModelVersionTag(name, version: version.version, $0)
            }
        }
        try await Mark.takeOff(of: context.stack) {
            try await server.setRegisteredModelTag(name, $0, to: $1)
        } remove: {
            try await server.deleteRegisteredModelTag(name, $0)
        }
    }
}

extension Diagnostic {
    fileprivate static func holdsForeignVersions(_ name: String, _ address: Address, _ versions: [String]) -> Diagnostic
    {
        Diagnostic(
            "holds-versions", "A prompt that holds versions of others is not deleted",
            detail: "`\(address)` (prompt `\(name)`) holds versions that this stack did not make "
                + "(\(versions.listed)), which would go with it.",
            fix: "Delete them first, or use `onDelete: retain`.", address: address.description, cause: .protected)
    }
}
