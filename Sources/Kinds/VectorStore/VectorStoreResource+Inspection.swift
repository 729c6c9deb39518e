package import Engine
import Language
import Wire

extension VectorStoreResource {
    /// Reads the documents back: a file that has our mark and another content was put there by others.
    package func inspect(
        _ live: LiveStore, as desired: Desired, at address: Address, _ inspection: Inspection
    ) async throws -> Inspected {
        guard inspection == .contents else { return Inspected() }
        let wanted = Dictionary(
            desired.documents.compactMap { document in desired.marks[document.path].map { ($0, document) } }
        ) { first, _ in first }
        let files = live.files.filter { live.mark(of: $0) != nil && !live.gone.contains($0.id) }
        let server = server
        let digests = try await files.concurrentMap(limit: 8) { try await server.files.digest(of: $0.id) }
        let altered = zip(files, digests).compactMap { file, digest -> FieldChange? in
            guard let digest, let mark = live.mark(of: file) else { return nil }
            let path = wanted[mark]?.path ?? live.paths[file.id] ?? file.id
            let isSame =
                wanted[mark].map { $0.sha256 == digest }
                ?? (live.documentMark(of: file, path: path, sha256: digest) == mark)
            guard !isSame else { return nil }
            return FieldChange(
                "documents.\(path)", cause: .drift,
                note: "its content on the server is another one: replace the store, or detach \(file.id) and apply")
        }
        return Inspected(fields: altered.sorted { $0.path < $1.path })
    }
}

extension LiveStore {
    /// The mark that a file with this content would have.
    fileprivate func documentMark(of file: LlamaStack.VectorStoreFile, path: String, sha256: String) -> String {
        let attributes = file.attributes.filter { $0.key != Self.markKey }.compactMapValues(\.string)
        return Document.mark(
            path: path, sha256: sha256, attributes: attributes, in: stack,
            chunking: ChunkingSpec(file.chunking).identity)
    }
}
