package import Engine
import Language
package import Wire

/// Experiments of an MLflow server. Identity: the mark, then the unique name. Found by one search, including deleted
/// ones.
package struct ExperimentResource: Resource {
    package static let kind = "experiments"
    package static let onDelete = OnDelete.retain
    package static let isReplaceable = true

    package struct Desired: Sendable {
        var name: String
        var description: String?
        var tags: [String: String]
        var artifactLocation: String?
    }

    private let server: MLflowServer

    package init(_ server: MLflowServer) {
        self.server = server
    }

    package func discover(
        _ wanted: [Address: ExperimentSpec], of stack: StackName
    ) async throws -> [Discovered<MLflowExperiment>] {
        let names = Dictionary(wanted.map { ($1.liveName(at: $0), $0) }) { first, _ in first }
        let claims = Claims(stack, Self.kind, wantedByName: names)
        let moved = wanted.compactMap { _, spec in spec.common.moved.map { Address(Self.kind, $0.value) } }
        let addresses = Set(wanted.keys).union(moved)
        let listed = try await server.experiments(firstFor: Self.kind)
        let found = listed.compactMap { experiment -> Discovered<MLflowExperiment>? in
            guard let claim = claims.claim(experiment.tags, name: experiment.name) else { return nil }
            if experiment.isDeleted, !addresses.contains(claim.address) { return nil }
            let state = experiment.isDeleted ? ", deleted" : ""
            return Discovered(
                claim.address, claim.ownership, experiment,
                label: "experiment \(experiment.id) (\(experiment.name)\(state))")
        }
        // A copied mark may be on several: the one with the name counts, then one that is not deleted.
        let ranked = found.map { each in
            let isNamed = names[each.live.name] == each.address
            return (rank: isNamed ? 0 : each.live.isDeleted ? 2 : 1, each)
        }
        return claims.sorted((0...2).flatMap { rank in ranked.filter { $0.rank == rank }.map(\.1) })
    }

    package static let importKey: String? = "the experiment's id or name"

    package func find(_ id: String, of stack: StackName) async throws -> Discovered<MLflowExperiment>? {
        let listed = try await server.experiments()
        let found = listed.first { $0.id == id } ?? listed.first { $0.name.isExactly(id) }
        if let found, MLflowRules.isOwnRecord(found.name) { throw Diagnostic.ownBookkeeping("experiment", found.name) }
        return found.map {
            Discovered(
                named: id, Self.kind, $0, $0.tags, of: stack,
                label: "experiment \($0.id) (\($0.name)\($0.isDeleted ? ", deleted" : ""))")
        }
    }

    package func desired(
        _ spec: ExperimentSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        try await server.requireRoom(for: spec)
        return Wanted(
            Desired(
                name: spec.liveName(at: address), description: spec.common.description, tags: spec.tags,
                artifactLocation: spec.artifactLocation))
    }

    package func leaving(_ left: LeftFields, of desired: Desired, as live: MLflowExperiment) -> Desired {
        var kept = desired
        kept.description = left.removed(from: desired.description, in: "description")
        kept.tags = left.removed(from: desired.tags, in: "tags")
        return kept
    }

    package func differences(
        between live: MLflowExperiment, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        var changes = FieldChange.between(live: fields(of: live), desired: fields(of: desired), since: last)
        if live.isDeleted {
            changes.insert(FieldChange("state", old: "deleted", new: "active", cause: .drift, note: "restored"), at: 0)
        }
        changes.removeAll { $0.path == "artifactLocation" && $0.new == nil }  // It stays where it is.
        return changes.map { change in
            var change = change
            change.forcesReplacement = change.path == "artifactLocation"
            return change
        }
    }

    package func fields(of desired: Desired) -> AppliedFields {
        var fields: AppliedFields = ["name": .string(desired.name)]
        fields["description"] = desired.description.map { .string($0) }
        fields["artifactLocation"] = desired.artifactLocation.map { .string($0) }
        for (key, value) in desired.tags { fields["tags.\(key)"] = .string(value) }
        return fields
    }

    package func fields(of live: MLflowExperiment) -> AppliedFields {
        var fields: AppliedFields = ["name": .string(live.name), "artifactLocation": .string(live.artifactLocation)]
        for (key, value) in live.tags where key != MLflowExperiment.descriptionTag {
            fields["tags.\(key)"] = .string(value)
        }
        fields["description"] = live.tags[MLflowExperiment.descriptionTag].map { .string($0) }
        return fields
    }

    package func create(
        _ desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> MLflowExperiment {
        var tags = desired.tags.merging(Mark(stack: context.stack, address: address).tags) { _, mark in mark }
        if let description = desired.description { tags[MLflowExperiment.descriptionTag] = description }
        do {
            let id = try await server.createExperiment(
                desired.name, artifactLocation: desired.artifactLocation, tags: tags)
            return MLflowExperiment(
                id: id, name: desired.name, artifactLocation: desired.artifactLocation ?? "", tags: tags)
        } catch let error as WireError where error.isAlreadyThere {
            let named = try await server.experiments().first { $0.name == desired.name }
            guard let named, Mark(named.tags) == Mark(stack: context.stack, address: address) else { throw error }
            return named  // Our own creation, whose response was lost.
        }
    }

    package func update(
        _ live: MLflowExperiment, to desired: Desired, since last: AppliedFields, at address: Address,
        in context: ApplyContext
    ) async throws -> MLflowExperiment {
        var updated = live
        if live.isDeleted {
            try await server.restoreExperiment(live.id)
            updated.isDeleted = false
        }
        for change in differences(between: updated, and: desired, since: last) {
            try await set(change, of: live.id, at: address)
        }
        updated.name = desired.name
        return updated
    }

    private func set(_ change: FieldChange, of id: String, at address: Address) async throws {
        if change.path == "name", let name = change.new?.string { return try await rename(id, to: name, address) }
        let key =
            change.path == "description"
            ? MLflowExperiment.descriptionTag : String(change.path.dropFirst("tags.".count))
        guard let value = change.new?.string else { return try await server.deleteExperimentTag(id, key) }
        try await server.setExperimentTag(id, key, to: value)
    }

    /// A taken name is rejected with a database error, so the owner of the name is looked up.
    private func rename(_ id: String, to name: String, _ address: Address) async throws {
        do {
            try await server.renameExperiment(id, to: name)
        } catch let error as WireError where error.status == 400 {
            let holder = try await server.experiments(where: MLflowFilter.name(name)).first { $0.name == name }
            guard let holder, holder.id != id else { throw error }
            throw Diagnostic.experimentNameTaken(holder, address)
        }
    }

    /// An experiment keeps its name forever, so the old one is renamed, and retained for its runs. It loses its mark
    /// last, so that an interrupted replacement is resumed.
    package func replace(
        _ live: MLflowExperiment, with desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> MLflowExperiment {
        var live = live
        if live.isDeleted {
            try await server.restoreExperiment(live.id)
            live.isDeleted = false
        }
        let suffix = " (replaced, \(live.id))"
        if !live.name.hasSuffix(suffix) { try await server.renameExperiment(live.id, to: live.name + suffix) }
        try await forget(live, at: address, in: context)
        return try await create(desired, at: address, in: context)
    }

    package func reasonToKeep(
        _ live: MLflowExperiment, of stack: StackName, forgetting forgotten: Set<Address>
    ) async throws -> String? {
        try await requireNoForeignRuns(
            in: live, of: stack, at: Mark(live.tags)?.address ?? Address(Self.kind, live.name))
        return nil
    }

    package func delete(_ live: MLflowExperiment, at address: Address, in context: ApplyContext) async throws {
        try await requireNoForeignRuns(in: live, of: context.stack, at: address)
        try await server.deleteExperiment(live.id)
    }

    /// - Throws: `Diagnostic` (`protected`) when it holds runs that this stack did not make: they would go with it.
    private func requireNoForeignRuns(in live: MLflowExperiment, of stack: StackName, at address: Address) async throws
    {
        guard !live.isDeleted else { return }
        let foreign = try await server.runs(inExperiments: [live.id]).count { $0.tags[Mark.stackKey] != stack.name }
        guard foreign == 0 else { throw Diagnostic.holdsForeignRuns(live, address, count: foreign) }
    }

    package func mark(
        _ live: MLflowExperiment, as address: Address, in context: ApplyContext
    ) async throws -> MLflowExperiment {
        if live.isDeleted { try await server.restoreExperiment(live.id) }
        try await Mark(stack: context.stack, address: address).put(over: live.tags) {
            try await server.setExperimentTag(live.id, $0, to: $1)
        } remove: {
            try await server.deleteExperimentTag(live.id, $0)
        }
        var marked = live
        marked.isDeleted = false
        return marked
    }

    package func forget(_ live: MLflowExperiment, at address: Address, in context: ApplyContext) async throws {
        guard !live.isDeleted else { return }  // It accepts no tags, and is no longer ours.
        try await Mark.takeOff(of: context.stack) {
            try await server.setExperimentTag(live.id, $0, to: $1)
        } remove: {
            try await server.deleteExperimentTag(live.id, $0)
        }
    }

    package func outputs(of live: MLflowExperiment) -> [String: Output] {
        ["id": .string(live.id), "name": .string(live.name)]
    }

    package func outputs(ofUpdating live: MLflowExperiment, to desired: Desired) -> [String: Output] {
        ["id": .string(live.id), "name": .string(desired.name)]
    }
}

extension Diagnostic {
    fileprivate static func holdsForeignRuns(
        _ live: MLflowExperiment, _ address: Address, count: Int
    ) -> Diagnostic {
        Diagnostic(
            "holds-foreign-runs", "An experiment that holds somebody else's runs is not deleted",
            detail:
                "`\(address)` (experiment \(live.id), `\(live.name)`) holds \(count.counting("run")) "
                + "that this stack did not make, which would go with it.",
            fix: "Move or delete the runs first, or use `onDelete: retain`.", address: address.description,
            cause: .protected)
    }

    fileprivate static func experimentNameTaken(_ holder: MLflowExperiment, _ address: Address) -> Diagnostic {
        Diagnostic(
            "name-taken", "The name is taken",
            detail: "`\(address)` would be named `\(holder.name)`, and that is the experiment \(holder.id) already"
                + (holder.isDeleted ? ", which is deleted but keeps its name." : "."),
            fix: "Give the declaration another `name`.", address: address.description, cause: .conflict)
    }
}
