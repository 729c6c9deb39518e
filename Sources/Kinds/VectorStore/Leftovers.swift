import Language
import Wire

/// The uploaded files that an interrupted run left unattached.
///
/// An uploaded file carries no mark, so the uploads of a run are announced in the record first. A leftover has an
/// announced path and content, did not exist before the announcement, and is in no store.
actor Leftovers {
    private let server: LlamaStack
    private let attached: AttachedFiles
    private var files: [LlamaStack.File]?
    private var taken: Set<String> = []
    /// The files that are known to be ours, or in use.
    private var known: Set<String> = []
    /// How many uploads of each file name this run has begun.
    private var begun: [String: Int] = [:]

    init(_ server: LlamaStack) {
        self.server = server
        attached = AttachedFiles(server)
    }

    func know(_ ids: some Sequence<String>) {
        known.formUnion(ids)
    }

    /// All files as they were before this run uploaded any: ask here before an upload.
    func listed() async throws -> [LlamaStack.File] {
        if let files { return files }
        let listed = try await server.files.list()
        // Another task may have asked meanwhile, and may be uploading already: then only the first list is valid.
        if let files { return files }
        files = listed
        return listed
    }

    /// Takes the leftovers of an announcement: files that are still wanted are recognised by path and SHA-256, the
    /// others are deleted.
    /// - Returns: The files that can be used, by path.
    func take(_ announced: Announcement, wanted: [Document]) async throws -> [String: LlamaStack.File] {
        let candidates = try await listed().filter { announced.mayInclude($0) && !taken.contains($0.id) }
        guard !candidates.isEmpty else { return [:] }
        let attached = try await attachedFiles()
        let digests = Dictionary(wanted.map { ($0.path, $0.sha256) }) { first, _ in first }
        var found: [String: LlamaStack.File] = [:]
        for file in candidates where !attached.contains(file.id) {
            guard let digest = try await server.files.digest(of: file.id), announced.includes(file.path, digest),
                taken.insert(file.id).inserted
            else { continue }
            if found[file.path] == nil, digests[file.path] == digest {
                found[file.path] = file
            } else {
                try await server.files.delete(file.id)
            }
        }
        return found
    }

    /// Uploads a document of this run. A file that the server has created although it put the upload off is found and
    /// used.
    func uploading(
        _ document: Document, _ upload: @Sendable (@escaping LlamaStack.Files.Look) async throws -> LlamaStack.File
    ) async throws -> LlamaStack.File {
        begun[document.filename, default: 0] += 1
        return try await upload { try await self.made(of: document) }
    }

    /// The one new file that has the document's name and content and is in no store: what its upload has made. Another
    /// upload of that name in this run leaves doubt.
    private func made(of document: Document) async throws -> LlamaStack.File? {
        let before = Set(try await listed().map(\.id))
        let new = try await server.files.list().filter { file in
            file.filename == document.filename && !before.contains(file.id) && !taken.contains(file.id)
        }
        guard let file = new.first else { return nil }
        guard new.count == 1, begun[document.filename] == 1,
            try await server.files.digest(of: file.id) == document.sha256,
            !(try await attachedFiles().contains(file.id)), begun[document.filename] == 1
        else { throw InDoubt() }
        return file
    }

    /// Files that existed before this run, and might be mistaken for the result of an upload that was delivered twice.
    func others(besides uploaded: [LlamaStack.File]) async throws -> Set<String> {
        guard !uploaded.isEmpty else { return [] }
        let byName = Dictionary(grouping: uploaded, by: \.filename)
        let ids = known.union(uploaded.map(\.id))
        let others = try await listed().filter { file in
            !ids.contains(file.id) && byName[file.filename]?.contains { $0.mayBeTwin(of: file) } == true
        }
        return Set(others.map(\.id))
    }

    /// The files that are in any store.
    func attachedFiles(except store: String? = nil) async throws -> Set<String> {
        try await attached.all(except: store)
    }
}

/// The uploads that a run announces for one store, as the record contains them.
///
///     {"before": ["file-1"], "documents": [{"path": "docs/refunds.md", "sha256": "0f3a…"}]}
struct Announcement: Sendable, Hashable {
    private struct Upload: Hashable {
        let path: String
        let sha256: String
    }

    /// Files of announced paths that existed already.
    private(set) var before: Set<String> = []
    private var uploads: Set<Upload> = []
    private var paths: Set<String> = []

    /// Reads an intent of the record; anything but an announcement announces nothing.
    init(_ intent: Value?) {
        before = Set((intent?["before"]?.array ?? []).compactMap(\.string))
        for entry in intent?["documents"]?.array ?? [] {
            guard let path = entry["path"]?.string, let digest = entry["sha256"]?.string else { continue }
            uploads.insert(Upload(path: path, sha256: digest))
            paths.insert(path)
        }
    }

    /// The same with more documents; the announcements of an earlier run stay until everything is done.
    func adding(_ documents: [Document], to files: [LlamaStack.File]) -> Announcement {
        var more = self
        more.paths.formUnion(documents.map(\.path))
        more.uploads.formUnion(documents.map { Upload(path: $0.path, sha256: $0.sha256) })
        let new = more.paths.subtracting(paths)
        more.before.formUnion(files.filter { new.contains($0.path) }.map(\.id))
        return more
    }

    var value: Value {
        let sorted = uploads.sorted { ($0.path, $0.sha256) < ($1.path, $1.sha256) }
        return [
            "before": .array(before.sorted().map { .string($0) }),
            "documents": .array(sorted.map { ["path": .string($0.path), "sha256": .string($0.sha256)] }),
        ]
    }

    func mayInclude(_ file: LlamaStack.File) -> Bool {
        paths.contains(file.path) && !before.contains(file.id)
    }

    func includes(_ path: String, _ sha256: String) -> Bool {
        uploads.contains(Upload(path: path, sha256: sha256))
    }
}

extension Document {
    /// As the server keeps it.
    fileprivate var filename: String { DocumentName.filename(forPath: path) }
}

extension LlamaStack.File {
    /// The maximum time between two deliveries of one request, in seconds.
    private static let apart = 5

    /// Whether one request that was delivered twice may have created both, as far as this shows without their content.
    func mayBeTwin(of other: LlamaStack.File) -> Bool {
        filename == other.filename && size == other.size && abs(createdAt - other.createdAt) <= Self.apart
    }
}
