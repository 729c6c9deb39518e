package import Engine
import Language
import Wire

/// Vector stores with their documents. Identity: the mark in the metadata, since names are not unique.
package struct VectorStoreResource: Resource {
    package static let kind = "vectorStores"
    package static let onDelete = OnDelete.delete
    package static let isReplaceable = true
    package static let hasUniqueNames = false

    package struct Desired: Sendable {
        var stack: StackName
        var name: String
        var embeddingModel: String
        var embeddingDimension: Int?
        var provider: String?
        var chunking: ChunkingSpec
        var metadata: [String: String]
        var expiresAfterDays: Int?
        var documents: [Document]
        /// The mark of each document, by path.
        var marks: [String: String]
        var buildsNewFirst: Bool
    }

    let server: LlamaStack
    let stack: StackName
    let folder: SpecFolder
    let transport: any HTTPTransport
    let leftovers: Leftovers
    let takenUp = TakenUp()
    /// The concurrent uploads, and attachments, over all stores of a run: the server is the same.
    let uploading = Slots(uploads)
    let attaching = Slots(concurrency)
    /// How long to wait for a small document whose attachment got no response.
    let patience: Duration
    /// Reports what is waited for.
    let tell: @Sendable (String) -> Void
    let models: ModelListing
    private let providers: ProviderListing
    /// The stores that are still in use although they were replaced, by id.
    let inUse: InUse

    init(
        _ server: LlamaStack, stack: StackName, folder: SpecFolder, models: ModelListing, providers: ProviderListing,
        transport: any HTTPTransport, patience: Duration, tell: @escaping @Sendable (String) -> Void,
        inUse: @escaping InUse
    ) {
        self.server = server
        self.stack = stack
        self.folder = folder
        self.models = models
        self.providers = providers
        self.transport = transport
        self.patience = patience
        self.tell = tell
        self.inUse = inUse
        leftovers = Leftovers(server)
    }

    package func desired(
        _ spec: VectorStoreSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        let model = try await models.resolve(spec.embeddingModel, for: "to embed documents with", given: outputs)
        try await models.requireEmbedding(model, called: spec.embeddingModel)
        var warnings = model.warning.map { [$0] } ?? []
        if let provider = spec.provider {
            warnings +=
                try await providers.require(
                    provider.value, of: "vector_io", for: "vector stores", at: provider.range
                ).map { [$0] } ?? []
        }
        var dimension = spec.embeddingDimension
        if server.capabilities.wantsEmbeddingDimension {
            dimension = dimension ?? model.dimension
            guard dimension != nil else { throw Diagnostic.noDimension(spec.embeddingModel, server.capabilities) }
        }
        let documents = try spec.documents(in: folder)
        let marks = documents.map { ($0.path, $0.mark(in: stack, chunking: spec.chunking.identity)) }
        return Wanted(
            Desired(
                stack: stack, name: spec.liveName(at: address), embeddingModel: model.id,
                embeddingDimension: dimension, provider: spec.provider?.value, chunking: spec.chunking,
                metadata: spec.metadata, expiresAfterDays: spec.expiresAfterDays, documents: documents,
                marks: Dictionary(marks) { first, _ in first }, buildsNewFirst: spec.buildsNewFirst), warnings: warnings
        )
    }

    package func create(
        _ desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LiveStore {
        try await build(desired, at: address, in: context, isFinishedLater: desired.buildsNewFirst)
    }

    /// Builds the new store beside the old one, which counts until the new one is complete. What an earlier run began is gone
    /// on with.
    package func isMadeBeside(_ live: LiveStore, _ desired: Desired) -> Bool { true }

    package func replace(
        _ live: LiveStore, with desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LiveStore {
        var made: LiveStore
        if var begun = try await takeUnfinished(for: desired, beside: live, at: address, in: context) {
            try await bringDocuments(of: desired, into: &begun, at: address, in: context)
            try await finish(&begun)
            made = begun
        } else {
            made = try await build(desired, at: address, in: context, isFinishedLater: true)
        }
        made.former = live.former
        made.others.formUnion(live.others.subtracting(made.files.map(\.id)))
        // Should it not go now, the record still tells what of it is ours.
        if let ours = live.unlisted { made.former[live.store.id] = ours }
        return made
    }

    private func build(
        _ desired: Desired, at address: Address, in context: ApplyContext, isFinishedLater: Bool
    ) async throws -> LiveStore {
        var metadata = desired.metadata
        if !server.capabilities.showsEmbeddingModel {
            metadata[LiveStore.modelKey] = desired.embeddingModel
            metadata[LiveStore.dimensionKey] = desired.embeddingDimension.map(String.init)
        }
        metadata.merge(Mark(stack: context.stack, address: address).tags) { _, mark in mark }
        if isFinishedLater {
            metadata[LiveStore.phaseKey] = LiveStore.building
            metadata[LiveStore.digestKey] = desired.digest
        }
        let store = try await createStore(
            .init(
                name: desired.name, metadata: metadata, embeddingModel: desired.embeddingModel,
                embeddingDimension: desired.embeddingDimension, provider: desired.provider,
                expiresAfterDays: desired.expiresAfterDays), at: address, in: context)
        var live = LiveStore(store: store, of: context.stack)
        try await bringDocuments(of: desired, into: &live, at: address, in: context)
        if isFinishedLater { try await finish(&live) }
        return live
    }

    package func update(
        _ live: LiveStore, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> LiveStore {
        let changes = differences(between: live, and: desired, since: last).filter { !$0.path.hasPrefix("documents.") }
        var metadata = live.store.metadata
        for change in changes where change.path.hasPrefix("metadata.") {
            metadata[String(change.path.dropFirst("metadata.".count))] = change.new
        }
        var updated = live
        if changes.contains(where: { $0.path != "phase" }) {
            updated.store = try await server.vectorStores.update(
                live.store.id, name: desired.name, metadata: metadata, expiresAfterDays: desired.expiresAfterDays)
        }
        try await bringDocuments(of: desired, into: &updated, at: address, in: context)
        if live.isBuilding { try await finish(&updated) }
        try await forgetFormerOwners(of: &updated)
        return updated
    }

    /// Removes the note on former owners once nothing of theirs is left in the store.
    private func forgetFormerOwners(of live: inout LiveStore) async throws {
        guard live.store.metadata[LiveStore.takenKey] != nil, live.formerOwners == nil else { return }
        let metadata = live.store.metadata.filter { $0.key != LiveStore.takenKey }
        live.store = try await server.vectorStores.update(live.store.id, metadata: metadata)
    }

    /// Marks a store as complete.
    private func finish(_ live: inout LiveStore) async throws {
        live.store = try await server.vectorStores.update(
            live.store.id, metadata: live.metadata(phase: LiveStore.ready))
    }

    package func reasonToKeep(
        _ live: LiveStore, of stack: StackName, forgetting forgotten: Set<Address>
    ) async throws -> String? {
        do {
            try requireOwnFiles(of: live, as: Mark(live.metadata)?.address ?? Address(Self.kind, live.store.name))
            return nil
        } catch let refusal as Diagnostic where live.isBroken {
            throw Undeletable(
                refusal, reason: "the server cannot list its files, and nobody can tell whose they are", mayPass: true)
        }
    }

    func requireOwnFiles(of live: LiveStore, as address: Address) throws {
        guard live.strays.isEmpty else { return }
        if let ours = live.unlisted { try requireNoMore(than: ours, in: live.store, as: address) }
        let foreign = live.files.count { live.mark(of: $0) == nil }
        guard foreign == 0 else { throw Diagnostic.holdsForeignFiles(live.store.id, address, count: foreign) }
    }

    /// A store that cannot list its files may hold anything: only their number shows that none are those of others.
    private func requireNoMore(than ours: Set<String>, in store: LlamaStack.VectorStore, as address: Address) throws {
        let count = store.fileCounts?.total
        guard let count, count <= ours.count else {
            throw Diagnostic.filesUnknown(store.id, address, count: count, ours: ours.count)
        }
    }

    /// - Throws: `Diagnostic` (`protected`) when it contains files of others.
    package func delete(_ live: LiveStore, at address: Address, in context: ApplyContext) async throws {
        guard !takenUp.contains(live.store.id) else { return }
        guard live.strays.isEmpty else { return try await deleteStrays(live.strays, in: context) }
        try requireOwnFiles(of: live, as: address)
        try await clearLeftovers(in: context)
        try await deleteFiles(of: live, at: address, in: context)
        try await server.vectorStores.delete(live.store.id)
        if context.intent != nil { closeIntents(of: address, in: context) }
    }

    /// Deletes the files of a store that is deleted, including those that an interrupted run attached meanwhile, unless
    /// they are also in another store.
    ///
    /// - Throws: `Diagnostic` (`protected`) when others have attached something meanwhile, or may have.
    func deleteFiles(of live: LiveStore, at address: Address, in context: ApplyContext) async throws {
        let known = Set(live.files.map(\.id)).union(live.unlisted ?? [])
        let now = try await filesNow(of: live, knowing: known, at: address).filter { !known.contains($0.id) }
        let foreign = now.count { live.mark(of: $0) == nil }
        guard foreign == 0 else { throw Diagnostic.holdsForeignFiles(live.store.id, address, count: foreign) }
        let files = known.sorted() + now.map(\.id)
        let elsewhere = try await filesElsewhere(files, than: live.store.id, at: address, in: context)
        for file in files where !elsewhere.contains(file) {
            try context.checkInterruption()
            try await server.files.delete(file)
        }
    }

    /// The files as they are listed now; none where the store is gone, or where it cannot list them and has no more
    /// than those that are known.
    private func filesNow(
        of live: LiveStore, knowing known: Set<String>, at address: Address
    ) async throws -> [LlamaStack.VectorStoreFile] {
        do {
            if let listed = try await server.listedFiles(of: live.store.id) { return listed }
        } catch let error as WireError where error.isAbsence {
            return []
        }
        guard let now = try await server.vectorStores.list().first(where: { $0.id == live.store.id }) else { return [] }
        try requireNoMore(than: known, in: now, as: address)
        return []
    }

    package func mark(
        _ live: LiveStore, as address: Address, in context: ApplyContext
    ) async throws -> LiveStore {
        var metadata = live.store.metadata
        for (key, value) in Mark(stack: context.stack, address: address).tags { metadata[key] = .string(value) }
        metadata[Mark.retainedKey] = nil
        metadata[LiveStore.takenKey] = live.formerOwners.map { .string($0) }
        var marked = live
        marked.store = try await server.vectorStores.update(live.store.id, metadata: metadata)
        return marked
    }

    package func forget(_ live: LiveStore, at address: Address, in context: ApplyContext) async throws {
        var metadata = live.store.metadata.filter {
            !Mark.keys.contains($0.key)
                && ![LiveStore.phaseKey, LiveStore.lastKey, LiveStore.takenKey, LiveStore.digestKey].contains($0.key)
        }
        metadata[Mark.retainedKey] = .string(context.stack.name)
        _ = try await server.vectorStores.update(live.store.id, metadata: metadata)
    }

    package func outputs(of live: LiveStore) -> [String: Output] {
        ["id": .string(live.store.id), "name": .string(live.store.name)]
    }
}

extension Diagnostic {
    fileprivate static func noDimension(_ model: Located<String>, _ capabilities: Capabilities) -> Diagnostic {
        Diagnostic(
            "no-dimension", "A vector store without a dimension",
            detail:
                "\(capabilities.product) \(capabilities.version) has to be told the length of the vectors, and neither "
                + "the spec nor the server says what it is for the model `\(model.value)`.",
            fix: "Add `embeddingDimension` to the store, or `dimension` to the declared model.", at: model.range,
            cause: .spec)
    }

    fileprivate static func holdsForeignFiles(_ id: String, _ address: Address, count: Int) -> Diagnostic {
        Diagnostic(
            "holds-foreign-files", "A vector store that holds somebody else's files is not deleted",
            detail:
                "`\(address)` (vector store \(id)) holds \(count) \(count == 1 ? "file" : "files") that drover did not put there.",
            fix: "Remove them from the store first, or use `onDelete: retain`.", address: address.description,
            cause: .protected)
    }

    fileprivate static func filesUnknown(_ id: String, _ address: Address, count: Int?, ours: Int) -> Diagnostic {
        Diagnostic(
            "files-unknown", "A vector store whose files cannot be told is not deleted",
            detail:
                "The server cannot list the files of `\(address)` (vector store \(id)). It counts "
                + "\(count.map(String.init) ?? "nothing"), and the record has \(ours) that drover put there: whose the others "
                + "are, nobody can tell.",
            fix: "Delete the store by its id if nothing of others is in it, or use `onDelete: retain`.",
            address: address.description, cause: .protected)
    }
}
