package import Engine
import Language
import Runtime
package import Wire

/// Registered models of an MLflow server. Identity: the mark, then the unique name, in the name space that prompts
/// share.
package struct RegisteredModelResource: Resource {
    package static let kind = "registeredModels"
    package static let onDelete = OnDelete.retain

    package struct Desired: Sendable {
        var name: String
        var description: String?
        var tags: [String: String]
    }

    private let server: MLflowServer
    private let registry: Registry

    package init(_ server: MLflowServer, registry: Registry) {
        self.server = server
        self.registry = registry
    }

    package func discover(
        _ wanted: [Address: RegisteredModelSpec], of stack: StackName
    ) async throws -> [Discovered<MLflowRegisteredModel>] {
        let names = Dictionary(wanted.map { ($1.liveName(at: $0), $0) }) { first, _ in first }
        let claims = Claims(stack, Self.kind, wantedByName: names)
        let found = try await registry.models.value().compactMap { model -> Discovered<MLflowRegisteredModel>? in
            guard let claim = claims.claim(model.tags, name: model.name) else { return nil }
            return Discovered(claim.address, claim.ownership, model, label: "registered model \(model.name)")
        }
        return claims.sorted(found)
    }

    package static let importKey: String? = "the registered model's name"

    package func find(_ id: String, of stack: StackName) async throws -> Discovered<MLflowRegisteredModel>? {
        if id.hasPrefix("drover.lock.") { throw Diagnostic.ownBookkeeping("registered model", id) }
        return try await registry.models.value().first { $0.name.isExactly(id) }.map {
            Discovered(named: id, Self.kind, $0, $0.tags, of: stack, label: "registered model \($0.name)")
        }
    }

    package func desired(
        _ spec: RegisteredModelSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        let name = spec.liveName(at: address)
        try await registry.requireNoPrompt(named: name, for: address)
        return Wanted(Desired(name: name, description: spec.common.description, tags: spec.tags))
    }

    package func leaving(_ left: LeftFields, of desired: Desired, as live: MLflowRegisteredModel) -> Desired {
        var kept = desired
        kept.description = left.removed(from: desired.description, in: "description")
        kept.tags = left.removed(from: desired.tags, in: "tags")
        return kept
    }

    package func differences(
        between live: MLflowRegisteredModel, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        FieldChange.between(live: fields(of: live), desired: fields(of: desired), since: last)
    }

    package func fields(of desired: Desired) -> AppliedFields {
        var fields: AppliedFields = ["name": .string(desired.name)]
        fields["description"] = desired.description.map { .string($0) }
        for (key, value) in desired.tags { fields["tags.\(key)"] = .string(value) }
        return fields
    }

    package func fields(of live: MLflowRegisteredModel) -> AppliedFields {
        var fields: AppliedFields = ["name": .string(live.name)]
        fields["description"] = live.description.isEmpty ? nil : .string(live.description)
        for (key, value) in live.tags { fields["tags.\(key)"] = .string(value) }
        return fields
    }

    package func create(
        _ desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> MLflowRegisteredModel {
        let mark = Mark(stack: context.stack, address: address)
        let tags = desired.tags.merging(mark.tags) { _, mark in mark }
        do {
            try await server.createRegisteredModel(
                desired.name, description: desired.description ?? "", tags: tags)
        } catch let error as WireError where error.isAlreadyThere {
            let named = try await server.registeredModels().first { $0.name == desired.name }
            guard let named else { throw Diagnostic.nameTaken(desired.name, by: "a prompt", address) }
            guard Mark(named.tags) == mark else { throw error }  // Our own creation, whose response was lost.
        }
        return MLflowRegisteredModel(name: desired.name, description: desired.description ?? "", tags: tags)
    }

    package func update(
        _ live: MLflowRegisteredModel, to desired: Desired, since last: AppliedFields, at address: Address,
        in context: ApplyContext
    ) async throws -> MLflowRegisteredModel {
        if !live.name.isExactly(desired.name) {
            try await server.renameRegisteredModel(live.name, to: desired.name, for: address)
        }
        for change in differences(between: live, and: desired, since: last) {
            try await set(change, of: desired.name)
        }
        var updated = live
        updated.name = desired.name
        return updated
    }

    private func set(_ change: FieldChange, of name: String) async throws {
        switch change.path {
        case "name": return
        case "description": try await server.updateRegisteredModel(name, description: change.new?.string ?? "")
        case _:
            let key = String(change.path.dropFirst("tags.".count))
            guard let value = change.new?.string else { return try await server.deleteRegisteredModelTag(name, key) }
            try await server.setRegisteredModelTag(name, key, to: value)
        }
    }

    /// Versions of this stack that outlive their agent would go with it: those that an alias points at, and those of an
    /// agent that is kept.
    package func reasonToKeep(
        _ live: MLflowRegisteredModel, of stack: StackName, forgetting forgotten: Set<Address>
    ) async throws -> String? {
        let versions = try await server.agentVersions(of: live.name)
        let foreign = versions.count { $0.mark?.stack != stack.name }
        guard foreign == 0 else {
            let address = Mark(live.tags)?.address ?? Address(Self.kind, live.name)
            throw Diagnostic.holdsVersions(live.name, address, count: foreign)
        }
        let aliases = versions.flatMap(\.aliases).sorted()
        if !aliases.isEmpty {
            return "the alias\(aliases.count == 1 ? "" : "es") \(aliases.listed) "
                + "\(aliases.count == 1 ? "points" : "point") into it"
        }
        let isHeld = versions.contains { version in version.mark.map { forgotten.contains($0.address) } == true }
        return isHeld ? "it holds versions of an agent that is kept" : nil
    }

    /// Old versions of this stack's own agents are deleted first, with what was logged for them.
    /// - Throws: `Diagnostic` (`protected`) when it has other versions, or an alias points at one: deleting the model
    ///   would delete them, too.
    package func delete(_ live: MLflowRegisteredModel, at address: Address, in context: ApplyContext) async throws {
        let versions = try await server.agentVersions(of: live.name)
        let kept = versions.filter { $0.mark?.stack != context.stack.name || !$0.aliases.isEmpty }
        guard kept.isEmpty else { throw Diagnostic.holdsVersions(live.name, address, count: kept.count) }
        for version in versions.reversed() { try await server.remove(version) }
        try await server.deleteRegisteredModel(live.name)
    }

    package func mark(
        _ live: MLflowRegisteredModel, as address: Address, in context: ApplyContext
    ) async throws -> MLflowRegisteredModel {
        try await Mark(stack: context.stack, address: address).put(over: live.tags) {
            try await server.setRegisteredModelTag(live.name, $0, to: $1)
        } remove: {
            try await server.deleteRegisteredModelTag(live.name, $0)
        }
        return live
    }

    package func forget(_ live: MLflowRegisteredModel, at address: Address, in context: ApplyContext) async throws {
        try await Mark.takeOff(of: context.stack) {
            try await server.setRegisteredModelTag(live.name, $0, to: $1)
        } remove: {
            try await server.deleteRegisteredModelTag(live.name, $0)
        }
    }

    package func outputs(of live: MLflowRegisteredModel) -> [String: Output] {
        ["name": .string(live.name)]
    }

    package func outputs(ofUpdating live: MLflowRegisteredModel, to desired: Desired) -> [String: Output] {
        ["name": .string(desired.name)]
    }
}

extension Diagnostic {
    fileprivate static func holdsVersions(_ name: String, _ address: Address, count: Int) -> Diagnostic {
        Diagnostic(
            "holds-versions", "A registered model that still holds versions is not deleted",
            detail:
                "`\(address)` (registered model `\(name)`) holds \(count) \(count == 1 ? "version" : "versions"), which would go with it.",
            fix: "Delete the versions first, or use `onDelete: retain`.", address: address.description,
            cause: .protected)
    }
}
