import Engine
import Language
package import Wire

/// A vector store as it is, with the documents in it.
package struct LiveStore: Sendable {
    /// The key of the one attribute that our documents carry.
    static let markKey = "drover"
    /// The keys of the metadata that say what a store embeds with where the server does not tell.
    static let modelKey = "drover.embeddingModel"
    static let dimensionKey = "drover.embeddingDimension"

    package var store: LlamaStack.VectorStore
    /// Whose marks count in it.
    let stack: StackName
    package var files: [LlamaStack.VectorStoreFile] = []
    /// Paths of documents, as the server names the files, by the file's id.
    package var paths: [String: String] = [:]
    /// The marks of files that the record knows to be ours, by the file's id: of those whose own mark somebody took away.
    var recorded: [String: String] = [:]
    /// Files of somebody else that had the names of ours before ours came.
    var others: Set<String> = []
    /// The attached files whose upload somebody deleted.
    var gone: Set<String> = []
    /// Uploaded files of ours that are in no store; then there is no store here, but only these.
    var strays: [String] = []
    /// Whether the server cannot list the files any more: then nothing is known of them, and the store is made anew.
    package var isBroken = false
    /// Why what an interrupted run left in it cannot be trusted; nil when it can.
    var doubt: Doubt?

    init(store: LlamaStack.VectorStore, of stack: StackName) {
        self.store = store
        self.stack = stack
    }

    var metadata: [String: String] {
        store.metadata.compactMapValues { value in value == .null ? nil : value.interpolated }
    }

    var isMarked: Bool {
        Mark(metadata) != nil
    }

    /// What it embeds with; nil when nobody tells.
    var embeddingModel: Value? {
        store.metadata["embedding_model"] ?? store.metadata[Self.modelKey]
    }

    /// The length of its vectors; nil when nobody tells.
    var embeddingDimension: Value? {
        let value = store.metadata["embedding_dimension"] ?? store.metadata[Self.dimensionKey]
        return value.flatMap { $0.integer ?? $0.string.flatMap { Int($0) } }.map { .integer($0) }
    }

    /// How documents of ours are cut that are not cut as wanted; nil when all are.
    func chunking(otherThan desired: VectorStoreResource.Desired) -> LlamaStack.Chunking? {
        files.first { file in
            mark(of: file) != nil && file.status == .completed
                && ChunkingSpec(file.chunking).identity != desired.chunking.identity
        }?.chunking
    }

    /// Whether a file is in it twice, as one is that was attached again while the server took it in: then what others said may
    /// be gone.
    var holdsTwice: Bool {
        (store.fileCounts?.total ?? 0) > files.count
    }

    /// Whether it is known to be in no faiss index.
    var isNoFaiss: Bool {
        store.metadata["provider_id"]?.string.map { !$0.contains("faiss") } ?? false
    }

    /// The documents that may be the last in the index: times are whole seconds, and those of the beginning. Of documents that
    /// were attached at the same time, whichever.
    func newest() -> [LlamaStack.VectorStoreFile] {
        let ingested = files.filter { $0.status == .completed || $0.status == .inProgress }
        guard !isUnsettled || isKept else { return ingested }
        let last = ingested.map(\.createdAt).max()
        return ingested.filter { $0.createdAt == last }
    }

    /// The mark of a file; nil when it is not one of this stack's.
    func mark(of file: LlamaStack.VectorStoreFile) -> String? {
        guard let mark = file.attributes[Self.markKey]?.string, mark.hasPrefix("\(stack):") else {
            return recorded[file.id]
        }
        return mark
    }
}

extension LlamaStack {
    /// The files of a store, each once; nil when the server cannot list them any more.
    ///
    /// OGX 1.5 keeps a file twice when its attachment was interrupted and made again, and trips over the second entry for
    /// ever once the file is taken out: `400 Field required` for every later listing.
    func listedFiles(of store: String) async throws -> [VectorStoreFile]? {
        do {
            var seen: Set<String> = []
            return try await files(in: store).list().filter { seen.insert($0.id).inserted }
        } catch let error as WireError where !error.isAbsence && (error.status == 400 || error.status == 500) {
            return nil
        }
    }
}

/// What has to happen to the documents of a store.
struct DocumentChanges {
    /// To be uploaded and attached, with the mark that each gets.
    private(set) var attach: [Coming] = []
    /// To be taken out and deleted.
    private(set) var detach: [LlamaStack.VectorStoreFile] = []
    /// Attached and still being ingested.
    private(set) var unfinished: [(document: Document, file: LlamaStack.VectorStoreFile)] = []
    /// Attached with attributes that somebody changed afterwards, and what they are to be.
    private(set) var altered: [(document: Document, file: LlamaStack.VectorStoreFile, attributes: [String: String])] =
        []

    /// Pairs what is wanted with what is there by mark: a mark names path, content and chunking.
    init(_ desired: VectorStoreResource.Desired, _ live: LiveStore) {
        var present: Set<String> = []
        let wanted = Dictionary(
            desired.documents.compactMap { document in desired.marks[document.path].map { ($0, document) } }
        ) { first, _ in first }
        for file in live.files {
            guard let mark = live.mark(of: file) else { continue }
            let isGood = (file.status == .completed || file.status == .inProgress) && !live.gone.contains(file.id)
            guard isGood, let document = wanted[mark], present.insert(mark).inserted else {
                detach.append(file)
                continue
            }
            if file.status == .inProgress { unfinished.append((document, file)) }
            let attributes = document.attributes(with: mark)
            if attributes.contains(where: { file.attributes[$0.key]?.string != $0.value }) {
                altered.append((document, file, attributes))
            }
        }
        attach = desired.documents.compactMap { document in
            guard let mark = desired.marks[document.path], !present.contains(mark) else { return nil }
            return Coming(document: document, mark: mark)
        }
    }
}

extension DocumentChanges {
    /// Whether faiss would mix up the passages: servers with it (0.2.24 to OGX 1.5.0) do not notice that the last passage of
    /// an index is gone, so that everything that comes later is found by the vector of something else, and what is gone goes
    /// on being quoted. What comes in the same apply comes before anything is taken out, unless it is the same content again.
    func takesOutTheLast(of live: LiveStore, for desired: VectorStoreResource.Desired, mergingEqual: Bool) -> Bool {
        guard !live.isNoFaiss, live.files.allSatisfy({ live.mark(of: $0) != nil }) else {
            return false
        }
        let gone = Set(detach.map(\.id))
        let last = live.newest().filter { gone.contains($0.id) }
        guard attach.isEmpty else { return mergingEqual && last.contains { isBroughtAgain($0, live, desired) } }
        return !last.isEmpty
    }

    /// Whether the content of a document comes again under other attributes or another path.
    private func isBroughtAgain(
        _ file: LlamaStack.VectorStoreFile, _ live: LiveStore, _ desired: VectorStoreResource.Desired
    ) -> Bool {
        let attributes = file.attributes.filter { $0.key != LiveStore.markKey }.compactMapValues(\.string)
        return attach.map(\.document).contains { document in
            [document.path, live.paths[file.id] ?? document.path].contains { path in
                let before = Document(
                    path: path, sha256: document.sha256, attributes: attributes, content: document.content,
                    range: document.range)
                return before.mark(in: desired.stack, chunking: desired.chunking.identity)
                    == live.mark(of: file)
            }
        }
    }
}
