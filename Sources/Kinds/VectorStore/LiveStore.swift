import Engine
import Language
package import Wire

/// A vector store as it is, with its documents.
package struct LiveStore: Sendable {
    /// The only attribute that drover adds to its documents.
    static let markKey = "drover"
    /// The metadata key of the stacks that it was taken over from, as long as documents of theirs are in it.
    static let takenKey = "drover.taken"
    /// The metadata keys of the embedding model and the dimension, for servers that do not show them.
    static let modelKey = "drover.embeddingModel"
    static let dimensionKey = "drover.embeddingDimension"

    package var store: LlamaStack.VectorStore
    /// The stack whose marks count.
    let stack: StackName
    /// What these begin with: the stack and a colon.
    private let markPrefix: String
    /// The same of those that it was taken over from, or may be: their documents are ours, and not wanted.
    private let formerPrefixes: [String]
    package var files: [LlamaStack.VectorStoreFile] = []
    /// The paths of documents, as in the server's file names, by file id.
    package var paths: [String: String] = [:]
    /// The sizes of their files, in bytes, by file id.
    var sizes: [String: Int] = [:]
    /// The marks of files that the record knows to be ours, by file id: for files whose own mark was removed.
    var recorded: [String: String] = [:]
    /// Files of others that had the names of ours before ours were uploaded.
    var others: Set<String> = []
    /// The attached files whose upload was deleted.
    var gone: Set<String> = []
    /// Our uploaded files that are in no store; then there is no store, but only these.
    var strays: [String] = []
    /// The uploads that the record has for it, once the server can no longer list its files; nil while it can.
    var unlisted: Set<String>?
    /// The uploads of stores that it took the place of, and that the server could not list the files of, by store.
    var former: [String: Set<String>] = [:]
    /// Why the result of an interrupted run cannot be trusted; nil when it can.
    var doubt: Doubt?

    init(store: LlamaStack.VectorStore, of stack: StackName) {
        self.store = store
        self.stack = stack
        markPrefix = "\(stack):"
        let owner = store.metadata[Mark.stackKey]?.string.map { [$0] } ?? []
        let former = (store.metadata[Self.takenKey]?.string ?? "").split(separator: " ").map(String.init)
        formerPrefixes = Set(owner + former).subtracting([stack.name]).sorted().map { "\($0):" }
    }

    /// The stacks that it was taken over from, and that documents of are in it, as its metadata has them; nil for none.
    /// Where its documents are not known, it may hold some of each.
    var formerOwners: String? {
        let left = formerPrefixes.filter { prefix in isBroken || files.contains { $0.isMarked(prefix) } }
        return left.isEmpty ? nil : left.map { String($0.dropLast()) }.joined(separator: " ")
    }

    var metadata: [String: String] {
        store.metadata.compactMapValues { value in value == .null ? nil : value.interpolated }
    }

    /// Whether the server can no longer list the files: then nothing is known about them, and the store is recreated.
    package var isBroken: Bool { unlisted != nil }

    var isMarked: Bool {
        Mark(metadata) != nil
    }

    /// The embedding model; nil when it is unknown.
    var embeddingModel: Value? {
        store.metadata["embedding_model"] ?? store.metadata[Self.modelKey]
    }

    /// The dimension of its vectors; nil when it is unknown.
    var embeddingDimension: Value? {
        let value = store.metadata["embedding_dimension"] ?? store.metadata[Self.dimensionKey]
        return value.flatMap { $0.integer ?? $0.string.flatMap { Int($0) } }.map { .integer($0) }
    }

    /// The chunking of our documents that differs from the wanted one; nil when none differs.
    func chunking(otherThan desired: VectorStoreResource.Desired) -> LlamaStack.Chunking? {
        let wanted = desired.chunking.identity
        return files.first { file in
            file.status == .completed && ChunkingSpec(file.chunking).identity != wanted && isOwn(file)
        }?.chunking
    }

    /// Whether a file is in it twice, because it was attached again while the server ingested it: then passages of
    /// others may be missing.
    var holdsTwice: Bool {
        (store.fileCounts?.total ?? 0) > files.count
    }

    /// Whether it is certainly not in a faiss index.
    var isNoFaiss: Bool {
        store.metadata["provider_id"]?.string.map { !$0.contains("faiss") } ?? false
    }

    /// The documents that may be the last in the index: times are whole seconds, and those of the start. Of documents
    /// that were attached concurrently, any may be the last.
    func newest() -> [LlamaStack.VectorStoreFile] {
        let ingested = files.filter { $0.status == .completed || $0.status == .inProgress }
        guard !isUnsettled || isKept else { return ingested }
        let last = ingested.map(\.createdAt).max()
        return ingested.filter { $0.createdAt == last }
    }

    /// Whether a file is this stack's, and no former owner's.
    private func isOwn(_ file: LlamaStack.VectorStoreFile) -> Bool {
        file.isMarked(markPrefix) || recorded[file.id] != nil
    }

    /// The mark of a file; nil when it belongs neither to this stack nor to one that the store was taken over from.
    func mark(of file: LlamaStack.VectorStoreFile) -> String? {
        guard file.isMarked(markPrefix) || formerPrefixes.contains(where: file.isMarked) else {
            return recorded[file.id]
        }
        return file.attributes[Self.markKey]?.string
    }
}

extension LlamaStack.VectorStoreFile {
    /// Whether its mark begins with this prefix.
    fileprivate func isMarked(_ prefix: String) -> Bool {
        attributes[LiveStore.markKey]?.string?.utf8.starts(with: prefix.utf8) == true
    }
}

extension LlamaStack {
    /// The files of a store, each once; nil when the server can no longer list them.
    ///
    /// OGX 1.5 has a file twice when its attachment was interrupted and repeated, and fails on the second entry forever
    /// once the file is detached: `400 Field required` for every later listing.
    ///
    /// A server that is only busy may fail once, and a gateway may refuse for reasons of its own: they are asked three
    /// times before a store is taken for one that is lost.
    func listedFiles(of store: String) async throws -> [VectorStoreFile]? {
        for attempt in 1...3 {
            do {
                var seen: Set<String> = []
                return try await files(in: store).list().filter { seen.insert($0.id).inserted }
            } catch let error as WireError where !error.isAbsence && [400, 500].contains(error.status) {
                if error.status == 400, error.message.contains("Field required") { return nil }
                if attempt < 3 { try await Task.sleep(for: .seconds(1)) }
            }
        }
        return nil
    }
}

/// The changes to the documents of a store.
struct DocumentChanges {
    /// To be uploaded and attached, with the mark of each.
    private(set) var attach: [Coming] = []
    /// To be detached and deleted.
    private(set) var detach: [LlamaStack.VectorStoreFile] = []
    /// Attached and still being ingested.
    private(set) var unfinished: [(document: Document, file: LlamaStack.VectorStoreFile)] = []
    /// Attached, with attributes that were changed afterwards, and the wanted ones.
    private(set) var altered: [(document: Document, file: LlamaStack.VectorStoreFile, attributes: [String: String])] =
        []

    /// Matches the wanted documents with the existing ones by mark: a mark stands for path, content and chunking.
    init(_ desired: VectorStoreResource.Desired, _ live: LiveStore) {
        // Of many documents nothing is copied that does not differ.
        let documents = desired.documents
        var wanted: [String: Int] = [:]
        wanted.reserveCapacity(documents.count)
        for (index, document) in documents.enumerated() {
            if let mark = desired.marks[document.path], wanted[mark] == nil { wanted[mark] = index }
        }
        var present: Set<String> = []
        present.reserveCapacity(documents.count)
        for file in live.files {
            guard let mark = live.mark(of: file) else { continue }
            let isGood = (file.status == .completed || file.status == .inProgress) && !live.gone.contains(file.id)
            guard isGood, let index = wanted[mark], present.insert(mark).inserted else {
                detach.append(file)
                continue
            }
            if file.status == .inProgress { unfinished.append((documents[index], file)) }
            if !documents[index].hasAttributes(in: file, with: mark) {
                altered.append((documents[index], file, documents[index].attributes(with: mark)))
            }
        }
        guard present.count < documents.count else { return }
        attach = documents.compactMap { document in
            guard let mark = desired.marks[document.path], !present.contains(mark) else { return nil }
            return Coming(document: document, mark: mark)
        }
    }
}

extension DocumentChanges {
    /// Whether faiss would mix up the passages: servers with it (0.2.24 to OGX 1.5.0) do not notice that the last
    /// passage of an index was removed, so that later passages are found by the vectors of others, and the removed one
    /// is still quoted. New documents of the same apply are attached before anything is detached, unless they have the
    /// same content.
    func takesOutTheLast(of live: LiveStore, for desired: VectorStoreResource.Desired, mergingEqual: Bool) -> Bool {
        guard !detach.isEmpty, !live.isNoFaiss, live.files.allSatisfy({ live.mark(of: $0) != nil }) else {
            return false
        }
        let gone = Set(detach.map(\.id))
        let last = live.newest().filter { gone.contains($0.id) }
        guard !attach.isEmpty else { return !last.isEmpty }
        guard mergingEqual, !last.isEmpty else { return false }
        let coming = ComingContents(attach.map(\.document), desired)
        return last.contains { coming.include($0, of: live) }
    }
}

/// The contents that are attached, to look one up that is detached at the same time. Of thousands of documents only
/// those with the path of the other, or its size, are compared.
private struct ComingContents {
    private let desired: VectorStoreResource.Desired
    private let all: [Document]
    private let byPath: [String: [Document]]
    /// Under nil those whose size is not known.
    private let bySize: [Int?: [Document]]

    init(_ documents: [Document], _ desired: VectorStoreResource.Desired) {
        self.desired = desired
        all = documents
        byPath = Dictionary(grouping: documents, by: \.path)
        bySize = Dictionary(grouping: documents, by: \.size)
    }

    /// Whether the content of a document is attached again with other attributes or another path.
    func include(_ file: LlamaStack.VectorStoreFile, of live: LiveStore) -> Bool {
        guard let mark = live.mark(of: file) else { return false }
        let attributes = file.attributes.filter { $0.key != LiveStore.markKey }.compactMapValues(\.string)
        guard let path = live.paths[file.id] else {
            return all.contains { isSame($0, $0.path, attributes, as: mark) }
        }
        let alike = live.sizes[file.id].map { (bySize[$0] ?? []) + (bySize[nil] ?? []) } ?? all
        return ((byPath[path] ?? []) + alike).contains { isSame($0, path, attributes, as: mark) }
    }

    /// Whether a mark, of whichever stack, is that of a document's content at a path.
    private func isSame(_ document: Document, _ path: String, _ attributes: [String: String], as mark: String) -> Bool {
        let before = Document.mark(
            path: path, sha256: document.sha256, attributes: attributes, in: desired.stack,
            chunking: desired.chunking.identity)
        return Document.digest(in: before) == Document.digest(in: mark)
    }
}
