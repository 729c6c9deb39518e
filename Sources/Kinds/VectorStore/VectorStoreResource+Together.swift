import Engine
import Language
import Wire

/// Concurrent attachments.
///
/// OGX waits a second for each attachment, whatever its size, so several wait concurrently. A server with faiss writes
/// its whole index after each one, outside of a lock: of two concurrent ones the older index may be written last, and
/// then a restart loses the newer one. So the store is marked as unsettled, all but one document are attached
/// concurrently, and the last one alone, when all others have answered: its index contains them all. Then each is
/// searched for. After an interruption the store stays unsettled, which the next plan shows, and the next apply
/// settles.
///
/// A passage that the index contains already is replaced: the old one is removed. If that was the last one, faiss mixes
/// up everything that follows. So another document is attached before each one whose content is a repetition.
extension VectorStoreResource {
    /// The number of concurrent attachments to one server.
    static let concurrency = 16
    /// The groups that concurrent attachments are sent in: the record is told of each before.
    static let groups = 4
    /// The number of concurrent uploads: with more, SQLite behind OGX 1.5 rejects some as locked.
    static let uploads = 4

    /// Attaches documents, the last one alone. A document without a response may still be in progress: then the last
    /// one is left to the next apply, which settles the store with it.
    func attachTogether(
        _ uploaded: [Uploaded], into live: inout LiveStore, _ delivery: Delivery
    ) async throws -> BroughtTogether {
        var others = uploaded
        guard let last = others.lastToAttach() else { return BroughtTogether(isKept: live.isKept) }
        let apart = server.capabilities.mergesEqualPassages ? others.repeatsToAttach() : []
        let phase = live.isBuilding ? LiveStore.building : LiveStore.unsettled
        if !(others + apart).isEmpty, live.phase != phase || live.store.metadata[LiveStore.lastKey] != nil {
            live.store = try await server.vectorStores.update(live.store.id, metadata: live.metadata(phase: phase))
        }
        var together = try await attach(others, atOnce: Self.concurrency, delivery)
        guard !together.outcomes.contains(where: \.isUnsure) else { return together }
        let repeated = try await attach(apart, atOnce: 1, delivery)
        together.outcomes += repeated.outcomes
        together.hadLostAnswers = together.hadLostAnswers || repeated.hadLostAnswers
        guard !together.outcomes.contains(where: \.isUnsure) else { return together }
        let wasKept = others.isEmpty && apart.isEmpty && live.isKept
        if !wasKept {
            live.store = try await server.vectorStores.update(
                live.store.id, metadata: live.metadata(phase: phase, last: last.coming.mark))
        }
        let final = try await attach([last], atOnce: 1, delivery)
        together.outcomes += final.outcomes
        together.hadLostAnswers = together.hadLostAnswers || final.hadLostAnswers
        together.isKept = wasKept || final.outcomes.contains { $0.arrived != nil }
        return together
    }

    /// Marks a store as settled after all its documents were found; one that is being built is not complete yet.
    func settle(_ live: inout LiveStore) async throws {
        guard live.isUnsettled else { return }
        live.store = try await server.vectorStores.update(
            live.store.id, metadata: live.metadata(phase: LiveStore.ready))
    }
}

/// The outcome of concurrent attachments.
struct BroughtTogether {
    var outcomes: [Brought] = []
    /// Whether the server has persisted everything that it had ingested.
    var isKept = false
    /// Whether a response was lost, of a document that appeared or did not.
    var hadLostAnswers = false
}

extension [Uploaded] {
    /// Removes the document to attach alone: one whose name shows that it is text, which no server rejects for its
    /// type, and whose content is not that of another one.
    fileprivate mutating func lastToAttach() -> Uploaded? {
        let text = [".md", ".txt", ".html", ".csv", ".json"]
        let counts = contents
        let texts = indices.filter { index in text.contains { self[index].coming.document.path.hasSuffix($0) } }
        let index = texts.last { counts[self[$0].content] == 1 } ?? texts.last
        return isEmpty ? nil : remove(at: index ?? count - 1)
    }

    /// Removes the documents whose content is that of an earlier one, each preceded by a document with unique content
    /// as long as there are any.
    fileprivate mutating func repeatsToAttach() -> [Uploaded] {
        let counts = contents
        var seen: Set<String> = []
        let repeats = filter { !seen.insert($0.content).inserted }
        guard !repeats.isEmpty else { return [] }
        var between = Array(filter { counts[$0.content] == 1 }.suffix(repeats.count))
        let apart = Set((repeats + between).map(\.file.id))
        removeAll { apart.contains($0.file.id) }
        return repeats.flatMap { [between.popLast(), $0].compactMap(\.self) }
    }

    private var contents: [String: Int] {
        reduce(into: [:]) { $0[$1.content, default: 0] += 1 }
    }
}

extension Uploaded {
    fileprivate var content: String { coming.document.sha256 }
}
