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
    /// How many documents are brought to one server at a time.
    static let concurrency = 16
    /// How many of them are being uploaded: of more, SQLite behind OGX 1.5 refuses some as locked.
    static let uploads = 4

    /// Brings documents, the last one alone. When one of the others got no answer it may still be at work: then the last one
    /// is left to the next apply, which settles the store with it.
    func bringTogether(
        _ coming: [Coming], into live: inout LiveStore, _ bring: @escaping @Sendable (Coming) async throws -> Brought
    ) async throws -> BroughtTogether {
        var others = coming
        guard let last = others.lastToAttach() else { return BroughtTogether(isKept: live.isKept(for: stack)) }
        let phase = live.isBuilding ? LiveStore.building : LiveStore.unsettled
        if !others.isEmpty, live.phase != phase || live.store.metadata[LiveStore.lastKey] != nil {
            live.store = try await server.vectorStores.update(live.store.id, metadata: live.metadata(phase: phase))
        }
        var together = BroughtTogether()
        together.outcomes = try await others.concurrentMap(limit: Self.concurrency, bring)
        guard !together.outcomes.contains(where: \.isUnsure) else { return together }
        let wasKept = others.isEmpty && live.isKept(for: stack)
        if !wasKept {
            live.store = try await server.vectorStores.update(
                live.store.id, metadata: live.metadata(phase: phase, last: last.mark))
        }
        let outcome = try await bring(last)
        together.outcomes.append(outcome)
        together.isKept = wasKept || outcome.arrived != nil
        return together
    }

    /// What an interrupted run leaves to do before documents are brought: waits for what the server still takes in, and looks
    /// for what it has taken in.
    /// - Returns: The files whose documents no search finds.
    func resume(_ live: inout LiveStore, for desired: Desired) async throws -> Set<String> {
        guard live.isUnsettled || live.isBuilding, live.takesTogether(on: server.capabilities) else { return [] }
        try await awaitCalm(&live)
        let wanted = Set(desired.marks.values)
        var files: [String: String] = [:]
        for file in live.files where file.status == .completed {
            guard let mark = LiveStore.mark(of: file, in: stack), wanted.contains(mark) else { continue }
            files[mark] = file.id
        }
        let lost = try await unfound(files.keys.sorted(), of: desired, in: live.store.id)
        return Set(lost.compactMap { files[$0] })
    }

    /// Waits until the server takes in nothing more: what an interrupted run has asked for goes on there, is listed only
    /// when it is done, and must not be attached a second time.
    private func awaitCalm(_ live: inout LiveStore) async throws {
        guard patience > .zero else { return }
        for _ in 0..<30 {
            try await Task.sleep(for: patience)
            guard let files = try await server.listedFiles(of: live.store.id) else { return }
            defer { live.files = files }
            guard files.count != live.files.count else { return }
        }
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
}

extension [Coming] {
    /// Takes out the document to attach alone: one that is text by its name, which no server refuses for what it is.
    fileprivate mutating func lastToAttach() -> Coming? {
        let text = [".md", ".txt", ".html", ".csv", ".json"]
        let index = lastIndex { coming in text.contains { coming.document.path.hasSuffix($0) } }
        return isEmpty ? nil : remove(at: index ?? count - 1)
    }
}
