import Engine
import Language
import Wire

extension VectorStoreResource {
    /// No passage says just this: at a distance of 0 servers fail, for infinity is no JSON.
    private static let query = "drover looks for what it brought"
    /// The most passages that a server returns for one search.
    private static let mostFound = 50

    /// The marks, of some, whose documents no search finds although the server lists them.
    ///
    /// Where a server has a passage that is in two documents only once, one of those with the same content is enough.
    func unfound(_ marks: [String], of desired: Desired, in store: String) async throws -> Set<String> {
        let groups = stride(from: 0, to: marks.count, by: Self.mostFound).map {
            Array(marks[$0..<min($0 + Self.mostFound, marks.count)])
        }
        let together = try await groups.concurrentMap(limit: Self.uploads) { try await found($0, in: store) }
        let known = Set(together.joined())
        // Long documents crowd out others: these are looked for one by one.
        let twins = desired.twins(merging: server.capabilities.mergesEqualPassages)
        let missing = try await marks.filter { !known.contains($0) }.concurrentMap(limit: Self.uploads) { mark in
            let isFound = try await !found(twins[mark] ?? [mark], in: store).isEmpty
            return isFound ? nil : mark
        }
        return Set(missing.compactMap(\.self))
    }

    private func found(_ marks: [String], in store: String) async throws -> [String] {
        try await server.vectorStores.search(
            store, for: Self.query, where: LiveStore.markKey, isOneOf: marks, atMost: Self.mostFound
        ).compactMap { $0[LiveStore.markKey]?.string }
    }
}

extension VectorStoreResource.Desired {
    /// The marks of the documents with the same content, by the mark of each, where the server merges them.
    fileprivate func twins(merging: Bool) -> [String: [String]] {
        guard merging else { return [:] }
        let bySHA256 = Dictionary(grouping: documents, by: \.sha256).mapValues { $0.compactMap { marks[$0.path] } }
        return Dictionary(
            documents.compactMap { document in
                marks[document.path].map { ($0, bySHA256[document.sha256] ?? [$0]) }
            }
        ) { first, _ in first }
    }
}
