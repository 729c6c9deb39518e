import Synchronization
import Wire

/// A cache of the document paths of a server's files by file id. Files are listed when an unknown id is looked up.
final class FileNames: Sendable {
    private let server: LlamaStack
    private let paths = Mutex<[String: String]>([:])

    init(_ server: LlamaStack) {
        self.server = server
    }

    /// Passages with file ids replaced by our paths; the id of a deleted file is kept.
    func named(_ passages: [Answer.Passage]) async throws -> [Answer.Passage] {
        let paths = try await paths(of: passages.map(\.document))
        return passages.map { passage in
            var named = passage
            named.document = paths[passage.document] ?? passage.document
            return named
        }
    }

    /// The paths of those documents that are file ids.
    func paths(of documents: [String]) async throws -> [String: String] {
        let known = paths.withLock { $0 }
        guard documents.contains(where: { $0.hasPrefix("file-") && known[$0] == nil }) else { return known }
        let files = try await server.files.list()
        return paths.withLock { paths in
            for file in files { paths[file.id] = file.path }
            return paths
        }
    }
}
