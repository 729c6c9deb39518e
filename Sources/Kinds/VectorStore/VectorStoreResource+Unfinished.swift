import Engine
import Language
import Synchronization
import Wire

/// What a replacement built beside the old store and did not finish: it was cut off, or a document could not be brought. The
/// next one goes on with it where it is for the same, and deletes it where not: never more than one such store is left.
extension VectorStoreResource {
    package func unfinished(among leftovers: [LiveStore], for desired: Desired) -> Int? {
        let begun = leftovers.indices.filter { isBegun(leftovers[$0], for: desired) }
        return begun.max { leftovers[$0].files.count < leftovers[$1].files.count }
    }

    /// Whether a store was made for the same fields, and holds only what is wanted in it.
    private func isBegun(_ live: LiveStore, for desired: Desired) -> Bool {
        guard live.isMarked, live.isBuilding, live.strays.isEmpty, live.reasonToMakeAnew == nil,
            live.store.metadata[LiveStore.digestKey]?.string == desired.digest
        else { return false }
        let changes = DocumentChanges(desired, live)
        return changes.detach.isEmpty && changes.altered.isEmpty
            && live.files.allSatisfy { live.mark(of: $0) != nil }
            && !live.isBeyondSettling(changes, on: server.capabilities)
    }

    /// The store with which a replacement goes on, as it is now; the others that were begun at the address are deleted.
    func takeUnfinished(
        for desired: Desired, beside old: LiveStore, at address: Address, in context: ApplyContext
    ) async throws -> LiveStore? {
        let mark = Mark(stack: context.stack, address: address)
        let begun = try await server.vectorStores.list().map { LiveStore(store: $0, of: context.stack) }.filter {
            $0.isBuilding && $0.store.id != old.store.id && Mark($0.metadata) == mark
        }
        guard !begun.isEmpty else { return nil }
        let place = Attaching.place(for: address).description
        let attaching = Attaching(try await context.record.load().intents[place])
        var lives: [LiveStore] = []
        for each in begun { lives.append(try await filled(each, attaching, for: desired, in: context)) }
        let chosen = unfinished(among: lives, for: desired)
        for (index, live) in lives.enumerated() where index != chosen {
            try await deleteUnfinished(live, at: address, in: context)
        }
        guard let chosen else { return nil }
        takenUp.insert(lives[chosen].store.id)
        return lives[chosen]
    }

    /// The store with its documents, once all is listed that an interrupted run asked for; those of them that no search finds
    /// make it useless.
    private func filled(
        _ begun: LiveStore, _ attaching: Attaching?, for desired: Desired, in context: ApplyContext
    ) async throws -> LiveStore {
        var live = begun
        let asked = attaching?.store == live.store.id ? attaching : nil
        let files =
            if let asked {
                try await awaitListed(asked) { context.progress(.text($0)) }
            } else {
                try await server.listedFiles(of: live.store.id)
            }
        live.files = files ?? []
        live.unlisted = files == nil ? asked?.files ?? [] : nil
        guard files != nil else { return live }
        let there = Set(try await server.files.list().map(\.id))
        live.gone = try await gone(live.files.map(\.id).filter { !there.contains($0) })
        let missing = asked.map { $0.files.subtracting(live.files.map(\.id)).count } ?? 0
        if missing > 0 { live.doubt = .missing(missing) }
        guard unfinished(among: [live], for: desired) != nil else { return live }
        let sought = Sought(desired)
        let lost = try await unfound(sought.marks(in: live), of: sought, in: live.store.id)
        if !lost.isEmpty { live.doubt = .lost(lost.compactMap { sought.documents[$0]?.path }.sorted()) }
        return live
    }

    /// One that holds what others put into it stays.
    private func deleteUnfinished(_ live: LiveStore, at address: Address, in context: ApplyContext) async throws {
        do {
            try requireOwnFiles(of: live, as: address)
            try await deleteFiles(of: live, at: address, in: context)
        } catch let diagnostic as Diagnostic where diagnostic.cause == .protected {
            return
        }
        try await server.vectorStores.delete(live.store.id)
    }
}

/// The ids of the stores with which replacements of this run went on: they are left over no more.
final class TakenUp: Sendable {
    private let ids = Mutex<Set<String>>([])

    func insert(_ id: String) { ids.withLock { _ = $0.insert(id) } }

    func contains(_ id: String) -> Bool { ids.withLock { $0.contains(id) } }
}

extension VectorStoreResource.Desired {
    /// Of all that a store is made for, without its documents: 16 hexadecimal digits.
    var digest: String {
        var fields: [String: Value] = [
            "name": .string(name), "embeddingModel": .string(embeddingModel), "chunking": chunking.identity,
            "metadata": .object(metadata.mapValues { .string($0) }),
        ]
        fields["embeddingDimension"] = embeddingDimension.map { .integer($0) }
        fields["provider"] = provider.map { .string($0) }
        fields["expiresAfterDays"] = expiresAfterDays.map { .integer($0) }
        return String(sha256Hex(Value.object(fields).canonicalJSON.utf8).prefix(16))
    }
}
