import Engine
import Language
import Wire

/// The documents to search for, by mark.
struct Sought: Sendable {
    let documents: [String: Document]
    /// The marks of the documents with one content, in order, by its SHA-256.
    private let marksByContent: [String: [String]]

    init(_ documents: [Document], in stack: StackName, chunking: ChunkingSpec) {
        self.init(documents.map { ($0.mark(in: stack, chunking: chunking.identity), $0) })
    }

    init(_ desired: VectorStoreResource.Desired) {
        self.init(desired.documents.compactMap { document in desired.marks[document.path].map { ($0, document) } })
    }

    private init(_ marked: [(String, Document)]) {
        documents = Dictionary(marked) { first, _ in first }
        marksByContent = Dictionary(grouping: documents) { $0.value.sha256 }.mapValues { $0.map(\.key).sorted() }
    }

    /// The marks of those that a store has ingested.
    func marks(in live: LiveStore) -> [String] {
        let marks = live.files.filter { $0.status == .completed }.compactMap { live.mark(of: $0) }
        return Set(marks).filter { documents[$0] != nil }.sorted()
    }

    /// The marks of the documents with the same content as one.
    func twins(of mark: String) -> [String] {
        documents[mark].flatMap { marksByContent[$0.sha256] } ?? [mark]
    }
}

extension VectorStoreResource {
    /// No passage is exactly this text: at a distance of 0 servers fail, since JSON has no infinity.
    private static let query = "drover looks for what it brought"
    /// The maximum number of documents in one search.
    private static let mostSought = 50

    /// The marks whose documents no search finds although the server lists them.
    ///
    /// Where a server stores a passage of two documents only once, one of the documents with the same content is
    /// enough.
    func unfound(_ marks: [String], of sought: Sought, in store: String) async throws -> Set<String> {
        let groups = stride(from: 0, to: marks.count, by: Self.mostSought).map {
            Array(marks[$0..<min($0 + Self.mostSought, marks.count)])
        }
        let together = try await groups.concurrentMap(limit: Self.uploads) {
            try await found($0, Self.query, atMost: Self.mostSought, in: store)
        }
        let known = Set(together.joined())
        // Long documents displace others: these are searched one by one.
        let missing = try await marks.filter { !known.contains($0) }.concurrentMap(limit: Self.uploads) { mark in
            try await isFound(mark, of: sought, in: store) ? nil : mark
        }
        return Set(missing.compactMap(\.self))
    }

    /// Some servers take the nearest passages first, and filter them then: so the document is also searched with its
    /// own words.
    private func isFound(_ mark: String, of sought: Sought, in store: String) async throws -> Bool {
        let marks = server.capabilities.mergesEqualPassages ? sought.twins(of: mark) : [mark]
        let most = server.capabilities.mostSearchResults
        if try await !found(marks, Self.query, atMost: most, in: store).isEmpty { return true }
        guard !server.capabilities.filtersBeforeSearching, let words = sought.documents[mark]?.firstWords else {
            return false
        }
        return try await !found(marks, "\(Self.query): \(words)", atMost: most, in: store).isEmpty
    }

    private func found(
        _ marks: [String], _ query: String, atMost most: Int, in store: String
    ) async throws -> [String] {
        try await server.vectorStores.search(
            store, for: query, where: LiveStore.markKey, isOneOf: marks, atMost: most
        ).compactMap { $0[LiveStore.markKey]?.string }
    }
}

extension Document {
    /// Its beginning, as far as it is text and available.
    fileprivate var firstWords: String? {
        switch content {
        case .text(let text): return String(text.prefix(600))
        case .download: return nil
        case .file(let file):
            // An unreadable file is reported by the upload.
            guard let bytes = try? FileBytes.read(file.path, atMost: 4 << 20) else { return nil }
            return String(validating: bytes, as: UTF8.self).map { String($0.prefix(600)) }
        }
    }
}
