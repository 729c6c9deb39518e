package import Engine
package import Language
package import Wire

/// Evaluation datasets of an MLflow server. Identity: the mark alone, since names are not unique.
///
/// The listing shows whether the records are still as drover left them; they are read only when it does not.
package struct DatasetResource: Resource {
    package static let kind = DatasetSpec.kind
    package static let onDelete = OnDelete.delete
    package static let isReplaceable = true
    package static let hasUniqueNames = false
    private static let limit = 8

    package struct Desired: Sendable {
        var name: String
        var experimentID: String
        var tags: [String: String]
        var records: [DatasetRecord]
    }

    let server: MLflowServer
    private let folder: SpecFolder
    let deletesRecords: Once<Bool>

    package init(_ server: MLflowServer, folder: SpecFolder) {
        self.server = server
        self.folder = folder
        deletesRecords = Once { try await server.deletesRecords() }
    }

    package func discover(_ wanted: [Address: DatasetSpec], of stack: StackName) async throws -> [Discovered<Live>] {
        let listed = try await server.datasets(tagged: Mark.stackKey, stack.name)
        let names = Dictionary(wanted.map { ($1.liveName(at: $0), $0) }) { first, _ in first }
        let claims = Claims(stack, Self.kind, wantedByName: names)
        var claimed = Dictionary(grouping: Self.claimed(listed, by: claims), by: \.address)
        for dataset in try await kept(of: stack, wanted, beside: claimed) {
            guard let address = names[dataset.name], claimed[address] == nil else { continue }
            let old = wanted[address]?.common.moved.map { Address(Self.kind, $0.value) }
            guard old.flatMap({ claimed[$0] }) == nil else { continue }
            claimed[address] = [Claimed(address: address, ownership: .retained, dataset: dataset)]
        }
        let digests = try digests(of: wanted)
        let sorted = claimed.mapValues { $0.sorted { $0.order > $1.order } }.sorted { $0.key < $1.key }
        return try await sorted.concurrentMap(limit: Self.limit) { address, claims in
            try await claims.indices.asyncMap { index in
                let (ownership, dataset) = (claims[index].ownership, claims[index].dataset)
                let live = index > 0 ? Live(dataset) : try await self.live(dataset, wanted: digests[address])
                return Discovered(
                    address, ownership, live, label: "dataset \(dataset.id) (\(dataset.name))", isStale: index > 0)
            }
        }.flatMap(\.self)
    }

    /// Those that are declared elsewhere at the same address, and have the wanted name.
    package func discoverOthers(
        _ missing: [Address: DatasetSpec], of stack: StackName
    ) async throws -> [Discovered<Live>] {
        var found: [Discovered<Live>] = []
        for (address, spec) in missing.sorted(by: { $0.key < $1.key }) {
            let listed = try await server.datasets(tagged: Mark.addressKey, address.description)
            for dataset in listed where dataset.name.isExactly(spec.liveName(at: address)) {
                guard let mark = Mark(dataset.tags), mark.address == address, mark.stack != stack.name else { continue }
                found.append(
                    Discovered(
                        address, .other(stack: mark.stack), try await read(dataset),
                        label: "dataset \(dataset.id) (\(dataset.name))"))
            }
        }
        return found
    }

    package static let importKey: String? = "the dataset's id"

    package func find(_ id: String, of stack: StackName) async throws -> Discovered<Live>? {
        guard var dataset = try await server.dataset(id) else { return nil }
        let experiment = try await server.experiments(ofDataset: dataset.id).first
        dataset.tags[Live.experimentTag] = experiment
        return Discovered(
            named: id, Self.kind, try await read(dataset), dataset.tags, of: stack,
            label: "dataset \(dataset.id) (\(dataset.name))")
    }

    /// A dataset that belongs to this stack.
    private struct Claimed: Sendable {
        var address: Address
        var ownership: Ownership
        var dataset: MLflowDataset

        /// The greatest one counts: ours, then one with records (a request that was delivered twice may have created a
        /// newer empty one), then the newest.
        var order: (Int, Int, Int, String) {
            (ownership == .ours ? 1 : 0, min(dataset.recordCount, 1), dataset.created, dataset.id)
        }
    }

    private static func claimed(_ listed: [MLflowDataset], by claims: Claims) -> [Claimed] {
        listed.compactMap { dataset in
            // Names are not unique: a dataset that merely has the name is not ours.
            guard let claim = claims.claim(dataset.tags, name: dataset.name),
                [.ours, .retained].contains(claim.ownership)
            else { return nil }
            return Claimed(address: claim.address, ownership: claim.ownership, dataset: dataset)
        }
    }

    /// The datasets that were retained when their declaration left the spec, newest first; requested only when a wanted
    /// one does not exist.
    private func kept(
        of stack: StackName, _ wanted: [Address: DatasetSpec], beside claimed: [Address: [Claimed]]
    ) async throws -> [MLflowDataset] {
        let isComplete = wanted.allSatisfy { address, spec in
            claimed[address] != nil || spec.common.moved.map { claimed[Address(Self.kind, $0.value)] != nil } ?? false
        }
        guard !isComplete else { return [] }
        let kept = try await server.datasets(tagged: Mark.retainedKey, stack.name).filter {
            $0.tags[Mark.retainedKey] == stack.name && $0.tags[Mark.stackKey] == nil
        }
        let names = Set(wanted.map { $1.liveName(at: $0) })
        return try await kept.filter { names.contains($0.name) }.asyncMap { dataset in
            var dataset = dataset
            dataset.tags[Live.experimentTag] = try await server.experiments(ofDataset: dataset.id).first
            return dataset
        }
    }

    /// The wanted digest at each address, and at the one that it was moved from.
    private func digests(of wanted: [Address: DatasetSpec]) throws(Diagnostic) -> [Address: String] {
        var digests: [Address: String] = [:]
        for (address, spec) in wanted {
            let digest = try spec.records(in: folder).digest
            digests[address] = digest
            if let old = spec.common.moved { digests[Address(Self.kind, old.value)] = digest }
        }
        return digests
    }

    private func live(_ dataset: MLflowDataset, wanted digest: String?) async throws -> Live {
        guard let digest, dataset.tags[Live.seenTag] != dataset.seen(holding: digest) else { return Live(dataset) }
        return try await read(dataset)
    }

    private func read(_ dataset: MLflowDataset) async throws -> Live {
        async let records = server.records(ofDataset: dataset.id)
        async let deletesRecords = deletesRecords.value()
        return Live(dataset, records: try await records, deletesRecords: try await deletesRecords)
    }

    package func desired(
        _ spec: DatasetSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        let experiment = outputs.value("id", of: Address(ExperimentResource.kind, spec.experiment.value))?.string
        var tags = spec.tags
        tags[MLflowExperiment.descriptionTag] = spec.common.description
        let desired = Desired(
            name: spec.liveName(at: address), experimentID: experiment ?? "", tags: tags,
            records: try spec.records(in: folder))
        return Wanted(desired, unknown: experiment == nil ? ["experiment"] : [])
    }

    package func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Live {
        let mark = Mark(stack: context.stack, address: address)
        let there = try await server.datasets(tagged: Mark.stackKey, context.stack.name)
        if let found = there.first(where: { Mark($0.tags) == mark }) {
            return try await update(try await read(found), to: desired, since: [:], at: address, in: context)
        }
        return try await make(desired, at: address, beside: there, in: context)
    }

    /// The new one counts as soon as it exists; the old one is found as stale, and deleted. One that contains records
    /// of others cannot be deleted: it is retained, and forgotten before the new one is created, so that an interrupted
    /// replacement is resumed.
    package func isMadeBeside(_ live: Live, _ desired: Desired) -> Bool { true }

    package func replace(
        _ live: Live, with desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        let foreign = try await server.records(ofDataset: live.dataset.id).count { !$0.isOurs }
        if foreign > 0 {
            context.warn(.keptForOthers(live.dataset, address, count: foreign))
            try await forget(live, at: address, in: context)
        }
        let there = try await server.datasets(tagged: Mark.stackKey, context.stack.name)
        return try await make(desired, at: address, beside: there, in: context)
    }

    private func make(
        _ desired: Desired, at address: Address, beside there: [MLflowDataset], in context: ApplyContext
    ) async throws -> Live {
        var tags = desired.tags.merging(Mark(stack: context.stack, address: address).tags) { _, mark in mark }
        tags[Live.experimentTag] = desired.experimentID
        let made = try await server.createDataset(
            desired.name, inExperiment: desired.experimentID, tags: tags, beside: Set(there.map(\.id)))
        let live = Live(made, records: [], deletesRecords: true)
        return try await write(desired, to: live, at: address, in: context)
    }

    package func update(
        _ live: Live, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        var live = live
        if context.intent != nil {
            try await restoreRecords(of: live.dataset.id, at: address, in: context)
            live = try await read(live.dataset)
        }
        let changes = tagChanges(live, desired, last)
        let set = changes.compactMap { change in change.new?.string.map { (tag(of: change), $0) } }
        if !set.isEmpty {
            try await server.setDatasetTags(live.dataset.id, Dictionary(set) { first, _ in first })
        }
        for change in changes where change.new == nil {
            try await server.deleteDatasetTag(live.dataset.id, tag(of: change))
        }
        return try await write(desired, to: live, at: address, in: context)
    }

    private func tag(of change: FieldChange) -> String {
        change.path == "description" ? MLflowExperiment.descriptionTag : String(change.path.dropFirst("tags.".count))
    }

    /// Writes the records, and notes how the listing shows them afterwards.
    private func write(
        _ desired: Desired, to live: Live, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        guard let records = live.records else { return live }
        var edits = RecordEdits(from: records, to: desired.records)
        if edits.needsDeletion, !live.deletesRecords { throw Diagnostic.recordsStay(live.dataset) }
        let id = live.dataset.id
        if edits.rewrites.isEmpty {
            if edits.needsDeletion { try await server.deleteRecords(edits.deletions, ofDataset: id) }
        } else {
            // As they are now: what others have written since they were listed is to stay.
            edits = RecordEdits(from: try await server.records(ofDataset: id), to: desired.records)
            try await rewrite(edits.rewrites, deleting: edits.deletions, of: id, at: address, in: context)
        }
        try await server.putRecords(edits.writes, inDataset: id)
        let now = try await server.datasets(tagged: Mark.stackKey, context.stack.name).first { $0.id == id }
        guard let now else { return live }
        try await server.setDatasetTags(id, [Live.seenTag: now.seen(holding: desired.records.digest)])
        return Live(now)
    }

    package func reasonToKeep(
        _ live: Live, of stack: StackName, forgetting forgotten: Set<Address>
    ) async throws -> String? {
        let address = Mark(live.dataset.tags)?.address ?? Address(Self.kind, live.dataset.name)
        try await requireOwnRecords(of: live, as: address)
        return nil
    }

    private func requireOwnRecords(of live: Live, as address: Address) async throws {
        let foreign = try await server.records(ofDataset: live.dataset.id).count { !$0.isOurs }
        guard foreign == 0 else { throw Diagnostic.holdsForeignRecords(live.dataset, address, count: foreign) }
    }

    /// - Throws: `Diagnostic` (`protected`) when it contains records that drover did not create.
    package func delete(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        try await requireOwnRecords(of: live, as: address)
        try await server.deleteDataset(live.dataset.id)
        if context.intent != nil { try await context.record.close(intentOf: address) }
    }

    package func mark(_ live: Live, as address: Address, in context: ApplyContext) async throws -> Live {
        var tags = Mark(stack: context.stack, address: address).tags
        tags[Live.experimentTag] = live.dataset.tags[Live.experimentTag]
        try await server.setDatasetTags(live.dataset.id, tags)
        if live.dataset.tags[Mark.retainedKey] != nil {
            try await server.deleteDatasetTag(live.dataset.id, Mark.retainedKey)
        }
        return live
    }
}

extension Collection where Index: Sendable {
    /// Maps the elements sequentially.
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async throws -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}

extension Diagnostic {
    fileprivate static func recordsStay(_ dataset: MLflowDataset) -> Diagnostic {
        Diagnostic(
            "records-stay", "The server cannot remove what is written on records",
            detail: "Records of the dataset `\(dataset.name)` would have to be removed or written anew, which this "
                + "MLflow cannot do, and the dataset holds records that drover did not make, so it cannot be replaced.",
            fix: "Upgrade MLflow, keep those records in the spec, or give the dataset another `name`, which makes it "
                + "anew.",
            cause: .lacking)
    }

    fileprivate static func holdsForeignRecords(_ dataset: MLflowDataset, _ address: Address, count: Int) -> Diagnostic
    {
        Diagnostic(
            "holds-records", "A dataset that holds records of others is not deleted",
            detail:
                "`\(address)` (dataset `\(dataset.name)`, \(dataset.id)) holds \(count) \(count == 1 ? "record" : "records") that drover did "
                + "not make, which would go with it.",
            fix: "Delete them first, or use `onDelete: retain`.", address: address.description, cause: .protected)
    }
}
