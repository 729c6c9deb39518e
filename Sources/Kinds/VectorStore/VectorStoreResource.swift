package import Engine
import Language
import Wire

/// Vector stores with their documents. Identity: the mark in the metadata, since names are not unique.
package struct VectorStoreResource: Resource {
    package static let kind = "vectorStores"
    package static let onDelete = OnDelete.delete

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

    /// The stores that somebody still works with although they are replaced, by id.
    package typealias InUse = @Sendable () async throws -> Set<String>

    let server: LlamaStack
    let stack: StackName
    let folder: SpecFolder
    let transport: any HTTPTransport
    let leftovers: Leftovers
    /// Those who upload, and those who attach, over all stores of a run: the server is one.
    let uploading = Slots(uploads)
    let attaching = Slots(concurrency)
    /// How long a server that takes in what an interrupted run asked for is watched before it counts as calm.
    let patience: Duration
    private let models: ModelListing
    private let providers: ProviderListing
    private let inUse: InUse

    init(
        _ server: LlamaStack, stack: StackName, folder: SpecFolder, models: ModelListing, providers: ProviderListing,
        transport: any HTTPTransport, patience: Duration, inUse: @escaping InUse
    ) {
        self.server = server
        self.stack = stack
        self.folder = folder
        self.models = models
        self.providers = providers
        self.transport = transport
        self.patience = patience
        self.inUse = inUse
        leftovers = Leftovers(server)
    }

    package var isKnownByRecord: Bool { server.capabilities.mayLeaveStoresBehind }

    package func discover(
        _ wanted: [Address: VectorStoreSpec], of stack: StackName
    ) async throws -> [Discovered<LiveStore>] {
        try await discover(wanted, of: stack, knowing: Record())
    }

    /// The newest store counts, unless it is still being built beside another one.
    package func discover(
        _ wanted: [Address: VectorStoreSpec], of stack: StackName, knowing record: Record
    ) async throws -> [Discovered<LiveStore>] {
        let names = Dictionary(wanted.map { ($1.liveName(at: $0), $0) }) { first, _ in first }
        let claims = Claims(stack, Self.kind, wantedByName: names)
        var found: [Discovered<LiveStore>] = []
        var current: [Address: Int] = [:]
        for store in try await server.vectorStores.list() {
            let live = LiveStore(store: store, files: [], paths: [:])
            let failed = record.failedCreation(of: store).map { (address: $0, ownership: Ownership.ours) }
            guard let (address, ownership) = failed ?? claims.claim(live.metadata, name: store.name) else { continue }
            let isBuilt = ownership == .ours && Mark(live.metadata) != nil && !live.isBuilding
            if isBuilt || (ownership == .ours && current[address] == nil) { current[address] = found.count }
            found.append(Discovered(address, ownership, live, label: "vector store \(store.id) (\(store.name))"))
        }
        let sorted = claims.sorted(
            found.enumerated().map { index, each in
                let isStale = each.ownership == .ours && (current[each.address] != index || !each.live.isMarked)
                return Discovered(each.address, each.ownership, each.live, label: each.label, isStale: isStale)
            })
        return try await addingFiles(to: try await withoutUsed(sorted, wanted), wanted)
    }

    /// What an aliased version of an agent still searches in stays, as long as its declaration does.
    private func withoutUsed(
        _ found: [Discovered<LiveStore>], _ wanted: [Address: VectorStoreSpec]
    ) async throws -> [Discovered<LiveStore>] {
        guard found.contains(where: { $0.isStale && wanted[$0.address] != nil }) else { return found }
        let used = try await inUse()
        return found.filter { !$0.isStale || wanted[$0.address] == nil || !used.contains($0.live.store.id) }
    }

    private func addingFiles(
        to found: [Discovered<LiveStore>], _ wanted: [Address: VectorStoreSpec]
    ) async throws -> [Discovered<LiveStore>] {
        let filled = try await found.concurrentMap(limit: 8) { each in
            var live = each.live
            let files = try await server.listedFiles(of: live.store.id)
            live.files = files ?? []
            live.isBroken = files == nil
            return Discovered(each.address, each.ownership, live, label: each.label, isStale: each.isStale)
        }
        // Only documents that are there and not wanted need the names of all files.
        let marks = Set(wanted.values.flatMap { (try? desiredMarks($0)) ?? [] })  // Told when the plan reads them.
        let isNamed = filled.allSatisfy { each in
            each.live.files.allSatisfy { LiveStore.mark(of: $0, in: stack).map(marks.contains) ?? true }
        }
        guard !isNamed else { return filled }
        let paths = Dictionary(try await server.files.list().map { ($0.id, $0.path) }) { first, _ in first }
        return filled.map { each in
            var live = each.live
            live.paths = paths
            return Discovered(each.address, each.ownership, live, label: each.label, isStale: each.isStale)
        }
    }

    private func desiredMarks(_ spec: VectorStoreSpec) throws -> [String] {
        try DocumentReader(folder: folder).documents(spec.documents).map {
            $0.mark(in: stack, chunking: spec.chunking.identity)
        }
    }

    package func desired(
        _ spec: VectorStoreSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        let model = try await models.resolve(spec.embeddingModel, for: "to embed documents with", given: outputs)
        try await models.requireEmbedding(model, called: spec.embeddingModel)
        var warnings = model.warning.map { [$0] } ?? []
        if let provider = spec.provider {
            warnings += try await providers.require(
                provider.value, of: "vector_io", for: "vector stores", at: provider.range
            ).map { [$0] } ?? []
        }
        var dimension = spec.embeddingDimension
        if server.capabilities.wantsEmbeddingDimension {
            dimension = dimension ?? model.dimension
            guard dimension != nil else { throw Diagnostic.noDimension(spec.embeddingModel, server.capabilities) }
        }
        let documents = try DocumentReader(folder: folder).documents(spec.documents)
        let marks = documents.map { ($0.path, $0.mark(in: stack, chunking: spec.chunking.identity)) }
        return Wanted(
            Desired(
                stack: stack, name: spec.liveName(at: address), embeddingModel: model.id,
                embeddingDimension: dimension, provider: spec.provider?.value, chunking: spec.chunking,
                metadata: spec.metadata, expiresAfterDays: spec.expiresAfterDays, documents: documents,
                marks: Dictionary(marks) { first, _ in first }, buildsNewFirst: spec.buildsNewFirst), warnings: warnings)
    }

    package func create(
        _ desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LiveStore {
        try await build(desired, at: address, in: context, isFinishedLater: desired.buildsNewFirst)
    }

    /// Builds the new store beside the old one, which counts until the new one is whole.
    package func replace(
        _ live: LiveStore, with desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LiveStore {
        try await build(desired, at: address, in: context, isFinishedLater: true)
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
        if isFinishedLater { metadata[LiveStore.phaseKey] = LiveStore.building }
        let store = try await createStore(
            .init(
                name: desired.name, metadata: metadata, embeddingModel: desired.embeddingModel,
                embeddingDimension: desired.embeddingDimension, provider: desired.provider,
                expiresAfterDays: desired.expiresAfterDays), at: address, in: context)
        var live = LiveStore(store: store, files: [], paths: [:])
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
        let lost = try await resume(&updated, for: desired)
        try await bringDocuments(of: desired, into: &updated, again: lost, at: address, in: context)
        if live.isBuilding { try await finish(&updated) }
        return updated
    }

    /// Marks a store as whole.
    private func finish(_ live: inout LiveStore) async throws {
        live.store = try await server.vectorStores.update(
            live.store.id, metadata: live.metadata(phase: LiveStore.ready))
    }

    /// - Throws: `Diagnostic` (`protected`) when files of somebody else are in it.
    package func delete(_ live: LiveStore, at address: Address, in context: ApplyContext) async throws {
        let foreign = live.files.count { LiveStore.mark(of: $0, in: context.stack) == nil }
        guard foreign == 0 else { throw Diagnostic.holdsForeignFiles(live.store.id, address, count: foreign) }
        try await clearLeftovers(in: context)
        for file in live.files { try await server.files.delete(file.id) }
        try await server.vectorStores.delete(live.store.id)
        if context.intent != nil { try await context.record.close(intentOf: address) }
    }

    package func mark(
        _ live: LiveStore, as address: Address, in context: ApplyContext
    ) async throws -> LiveStore {
        var metadata = live.store.metadata
        for (key, value) in Mark(stack: context.stack, address: address).tags { metadata[key] = .string(value) }
        metadata[Mark.retainedKey] = nil
        var marked = live
        marked.store = try await server.vectorStores.update(live.store.id, metadata: metadata)
        return marked
    }

    package func forget(_ live: LiveStore, at address: Address, in context: ApplyContext) async throws {
        var metadata = live.store.metadata.filter {
            !Mark.keys.contains($0.key) && ![LiveStore.phaseKey, LiveStore.lastKey].contains($0.key)
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
            detail: "`\(address)` (vector store \(id)) holds \(count) file(s) that drover did not put there.",
            fix: "Remove them from the store first, or use `onDelete: retain`.", address: address.description,
            cause: .protected)
    }
}
