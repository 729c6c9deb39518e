package import Engine
import Language
import Wire

extension VectorStoreResource {
    /// The record shows what an interrupted run requested, and which files are ours.
    package var isKnownByRecord: Bool { true }

    package func discover(
        _ wanted: [Address: VectorStoreSpec], of stack: StackName
    ) async throws -> [Discovered<LiveStore>] {
        try await discover(wanted, of: stack, knowing: AwaitedRecord(Record()))
    }

    package func discover(
        _ wanted: [Address: VectorStoreSpec], of stack: StackName, knowing awaited: AwaitedRecord
    ) async throws -> [Discovered<LiveStore>] {
        let stores = try await listedStores(named: Set(wanted.map { $1.liveName(at: $0) }))
        // What is ours by its mark is listed before the record is there: both take long where there are many documents.
        let marked = claims(on: stores, wanted, Record())
        async let ahead = marked.isEmpty ? nil : server.files.list()
        async let attachedAhead = attachments(in: marked)
        let record = try await awaited.value()
        let known = RecordedUploads(record)
        let claimed = claims(on: stores, wanted, record)
        guard !claimed.isEmpty || !known.isEmpty else { return [] }
        var attached = try await attachedAhead
        attached.merge(try await attachments(in: claimed.filter { attached[$0.live.store.id] == nil })) { $1 }
        let files = if let files = try await ahead { files } else { try await server.files.list() }
        let filled = try await fill(claimed, with: attached, files, known)
        await leftovers.know(known.files + filled.flatMap { $0.live.files.map(\.id) })
        let looked = Self.withFormerAddresses(wanted)
        let (counting, doubtful) = choose(among: filled, looked)
        let chosen = try await counting.holding(inUse, whereWanted: { looked[$0] != nil }, id: \.store.id)
        let examined = try await chosen.concurrentMap(limit: 8) { each in
            try await examine(
                each, Attaching(record.intents[Attaching.place(for: each.address).description]),
                wanted: looked[each.address])
        }
        let strays = try await strays(among: files, beside: filled, known, record)
        return examined + strays.filter { !doubtful.contains($0.address) }
    }

    /// The same, also by the addresses that declarations had: their stores are looked at as those of the new ones are.
    private static func withFormerAddresses(_ wanted: [Address: VectorStoreSpec]) -> [Address: VectorStoreSpec] {
        let moved = wanted.compactMap { _, spec in spec.common.moved.map { (Address(kind, $0.value), spec) } }
        return wanted.merging(moved) { declared, _ in declared }
    }

    package static var importKey: String? { "the vector store's id, or its name where no other one has it" }

    package func find(_ id: String, of stack: StackName) async throws -> Discovered<LiveStore>? {
        let stores = try await server.vectorStores.list()
        let named = stores.filter { $0.name.isExactly(id) }
        guard let store = stores.first(where: { $0.id == id }) ?? named.first else { return nil }
        guard store.id == id || named.count == 1 else { throw Diagnostic.severalNamed(id, named.map(\.id).sorted()) }
        var live = LiveStore(store: store, of: stack)
        let listed = try await server.listedFiles(of: store.id)
        (live.files, live.unlisted) = (listed ?? [], listed == nil ? [] : nil)
        return Discovered(
            named: id, Self.kind, live, live.metadata, of: stack, label: "vector store \(store.id) (\(store.name))")
    }

    /// The owners of the stores that are ours or have a wanted name.
    private func claims(
        on stores: [LlamaStack.VectorStore], _ wanted: [Address: VectorStoreSpec], _ record: Record
    ) -> [Discovered<LiveStore>] {
        let names = Dictionary(wanted.map { ($1.liveName(at: $0), $0) }) { first, _ in first }
        let claims = Claims(stack, Self.kind, wantedByName: names)
        let found = stores.compactMap { store -> Discovered<LiveStore>? in
            let live = LiveStore(store: store, of: stack)
            let failed = record.failedCreation(of: store).map { (address: $0, ownership: Ownership.ours) }
            guard let (address, ownership) = failed ?? claims.claim(live.metadata, name: store.name) else { return nil }
            return Discovered(address, ownership, live, label: "vector store \(store.id) (\(store.name))")
        }
        // A store of another stack comes last: it counts only when it is taken over.
        let isAnothers = { (each: Discovered<LiveStore>) in each.ownership != .ours && each.ownership != .unmarked }
        return claims.sorted(found.filter { !isAnothers($0) } + found.filter(isAnothers))
    }

    /// The files of each store by its id; nil for one that can no longer list them.
    private func attachments(in found: [Discovered<LiveStore>]) async throws -> Attachments {
        let ids = found.map(\.live.store.id)
        let listed = try await ids.concurrentMap(limit: 8) { try await server.listedFiles(of: $0) }
        return Dictionary(zip(ids, listed)) { first, _ in first }
    }

    private typealias Attachments = [String: [LlamaStack.VectorStoreFile]?]

    private func fill(
        _ found: [Discovered<LiveStore>], with attached: Attachments, _ files: [LlamaStack.File],
        _ known: RecordedUploads
    ) async throws -> [Discovered<LiveStore>] {
        let paths = Dictionary(files.map { ($0.id, $0.path) }) { first, _ in first }
        // What another store lists is not in one that lists nothing: the record tells the uploads of the newest alone.
        let isWhole = attached.values.allSatisfy { $0 != nil }
        let seen = isWhole ? [] : Set(attached.values.flatMap { $0 ?? [] }.map(\.id))
        let sizes = Dictionary(files.map { ($0.id, $0.size) }) { first, _ in first }
        let there = Set(found.map(\.live.store.id))
        return try await found.concurrentMap(limit: 8) { each in
            var live = each.live
            let listed = attached[live.store.id] ?? nil
            live.files = listed ?? []
            (live.paths, live.sizes) = (paths, sizes)
            live.recorded = known.marks(at: each.address)
            live.former = known.former(at: each.address).filter { there.contains($0.key) }
            // A replaced one holds what the record says of it, and nothing of what took its place.
            let own = live.former.removeValue(forKey: live.store.id)
            if listed == nil {
                live.unlisted = own ?? known.uploads(at: each.address, in: live.store.id).subtracting(seen)
            }
            let others = known.others(at: each.address).subtracting(live.files.map(\.id))
            live.others = others.subtracting(try await gone(others.filter { paths[$0] == nil }))
            live.gone = try await gone(live.files.map(\.id).filter { paths[$0] == nil })
            return Discovered(each.address, each.ownership, live, label: each.label)
        }
    }

    /// The unlisted files that really do not exist: when many files have the same time, a listing may omit some.
    func gone(_ files: [String]) async throws -> Set<String> {
        let missing = try await files.concurrentMap(limit: 4) { try await server.files.has($0) ? nil : $0 }
        return Set(missing.compactMap(\.self))
    }

    /// Of several stores of ours at one address the one that comes first in `Rank` counts; one that is still being
    /// built beside others does not. So neither an empty one from a request that was delivered twice counts, nor one
    /// that was replaced.
    ///
    /// One that does not count only because its documents could not be listed is left out: it neither counts nor goes.
    /// - Returns: Also the addresses of those that are left out.
    private func choose(
        among found: [Discovered<LiveStore>], _ wanted: [Address: VectorStoreSpec]
    ) -> (found: [Discovered<LiveStore>], doubtful: Set<Address>) {
        var chosen: [Address: Int] = [:]
        var leftOut: Set<Int> = []
        let ours = found.indices.filter { found[$0].ownership == .ours }
        for (address, indices) in Dictionary(grouping: ours, by: { found[$0].address }) {
            let built = indices.filter { found[$0].live.isMarked && !found[$0].live.isBuilding }
            guard built.count > 1 else {
                chosen[address] = built.first ?? indices.first
                continue
            }
            let ranks = ranks(of: built.map { ($0, found[$0].live) }, as: wanted[address])
            guard let best = ranks.max(by: { $0.asListed < $1.asListed }) else { continue }
            chosen[address] = best.place
            guard wanted[address] != nil else { continue }
            leftOut.formUnion(ranks.filter { $0.place != best.place && best.asListed < $0.atBest }.map(\.place))
        }
        let rest = found.enumerated().compactMap { index, each -> Discovered<LiveStore>? in
            guard !leftOut.contains(index) else { return nil }
            let isStale = each.ownership == .ours && (chosen[each.address] != index || !each.live.isMarked)
            return Discovered(each.address, each.ownership, each.live, label: each.label, isStale: isStale)
        }
        return (rest, Set(leftOut.map { found[$0].address }))
    }

    private func ranks(of stores: [(place: Int, live: LiveStore)], as spec: VectorStoreSpec?) -> [Rank] {
        let sought = spec.map { Sought(documents(of: $0), in: stack, chunking: $0.chunking) }
        return stores.map { place, live in
            let count = sought?.marks(in: live).count ?? 0
            return Rank(
                place: place, fits: spec.map { fits(live, $0) } ?? true, isListed: !live.isBroken, count: count,
                most: live.isBroken ? sought?.documents.count ?? 0 : count)
        }
    }

    /// Whether a store has the model, the dimension and the provider that its declaration wants, as far as both say it:
    /// these never change.
    private func fits(_ live: LiveStore, _ spec: VectorStoreSpec) -> Bool {
        let provider = live.store.metadata["provider_id"]?.string
        guard provider == nil || spec.provider == nil || provider == spec.provider?.value else { return false }
        let dimension = live.embeddingDimension?.integer
        guard dimension == nil || spec.embeddingDimension == nil || dimension == spec.embeddingDimension else {
            return false
        }
        guard let model = live.embeddingModel?.string else { return true }
        return models.ids(of: spec.embeddingModel.value).contains(model)
    }

    /// The plan reports problems when it reads them.
    func documents(of spec: VectorStoreSpec) -> [Document] {
        (try? spec.documents(in: folder)) ?? []
    }

    package func reasonsToWait(_ lives: [LiveStore], after removed: Set<Address>) async throws -> [Usage?] {
        guard lives.contains(where: \.strays.isEmpty) else { return lives.map { _ in nil } }
        let used = try await inUse(Beforehand(removed: removed))
        return lives.map { $0.strays.isEmpty ? used.usage(of: $0.store.id, "searches", "search") : nil }
    }

    package func areUsed(_ lives: [LiveStore], after beforehand: Beforehand) async throws -> [Bool] {
        let used = try await inUse(beforehand)
        return lives.map { used.contains($0.store.id) }
    }
}

/// What makes one of several stores count.
private struct Rank {
    /// Where it is in the listing: later ones are newer.
    let place: Int
    let fits: Bool
    let isListed: Bool
    /// How many of the wanted documents were found in it.
    let count: Int
    /// How many may be in it.
    let most: Int

    /// That it fits, then that its documents are known, then their number, then its age.
    var asListed: (Int, Int, Int, Int) { (fits ? 1 : 0, isListed ? 1 : 0, count, place) }

    /// The same, were its documents known and all there.
    var atBest: (Int, Int, Int, Int) { (fits ? 1 : 0, 1, most, place) }
}

extension Diagnostic {
    fileprivate static func severalNamed(_ name: String, _ ids: [String]) -> Diagnostic {
        Diagnostic(
            "several-of-one-name", "Several vector stores of one name",
            detail: "`\(name)` is the name of \(ids.listed), and nothing says which one is meant.",
            fix: "Give the id of one of them.", cause: .usage)
    }
}
