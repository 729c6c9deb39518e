import Engine
import Language
import Wire

/// Documents that are attached at the same time.
///
/// OGX waits a second for each attachment, whatever its size, so several wait at a time. A server with faiss writes its whole
/// index after each, outside of a lock: of two at a time the older one may be written last, and then a restart loses what
/// the newer one had. So the store is marked as unsettled, all but one document are attached together, and the last one
/// alone, when all others have answered: its index has them all. Then each is looked for. What was interrupted stays
/// unsettled, which the next plan tells, and the next apply settles.
extension VectorStoreResource {
    /// How many documents are attached to one server at a time.
    static let concurrency = 16
    /// How many are uploaded at a time: of more, SQLite behind OGX 1.5 refuses some as locked.
    static let uploads = 4

    /// Attaches documents, the last one alone. When one of the others got no answer it may still be at work: then the last one
    /// is left to the next apply, which settles the store with it.
    func attachTogether(
        _ uploaded: [Uploaded], into live: inout LiveStore, _ delivery: Delivery
    ) async throws -> BroughtTogether {
        var others = uploaded
        guard let last = others.lastToAttach() else { return BroughtTogether(isKept: live.isKept) }
        let phase = live.isBuilding ? LiveStore.building : LiveStore.unsettled
        if !others.isEmpty, live.phase != phase || live.store.metadata[LiveStore.lastKey] != nil {
            live.store = try await server.vectorStores.update(live.store.id, metadata: live.metadata(phase: phase))
        }
        var together = try await attach(others, inWavesOf: Self.concurrency, delivery)
        guard !together.outcomes.contains(where: \.isUnsure) else { return together }
        let wasKept = others.isEmpty && live.isKept
        if !wasKept {
            live.store = try await server.vectorStores.update(
                live.store.id, metadata: live.metadata(phase: phase, last: last.coming.mark))
        }
        let final = try await attach([last], inWavesOf: 1, delivery)
        together.outcomes += final.outcomes
        together.hadLostAnswers = together.hadLostAnswers || final.hadLostAnswers
        together.isKept = wasKept || final.outcomes.contains { $0.arrived != nil }
        return together
    }

    /// Marks a store whose documents were all found as settled; one that is being built is not whole yet.
    func settle(_ live: inout LiveStore) async throws {
        guard live.isUnsettled else { return }
        live.store = try await server.vectorStores.update(
            live.store.id, metadata: live.metadata(phase: LiveStore.ready))
    }
}

/// What became of several documents.
struct BroughtTogether {
    var outcomes: [Brought] = []
    /// Whether the server keeps all that it had taken in.
    var isKept = false
    /// Whether an answer was lost, of a document that came all the same or did not.
    var hadLostAnswers = false
}

extension [Uploaded] {
    /// Takes out the document to attach alone: one that is text by its name, which no server refuses for what it is.
    fileprivate mutating func lastToAttach() -> Uploaded? {
        let text = [".md", ".txt", ".html", ".csv", ".json"]
        let index = lastIndex { upload in text.contains { upload.coming.document.path.hasSuffix($0) } }
        return isEmpty ? nil : remove(at: index ?? count - 1)
    }
}
