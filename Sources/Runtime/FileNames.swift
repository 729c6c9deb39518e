import Synchronization
import Wire

/// The document paths of a server's files by the ids of the files. They are listed when one is asked for that is not
/// known yet.
final class FileNames: Sendable {
    private let server: LlamaStack
    private let paths = Mutex<[String: String]>([:])

    init(_ server: LlamaStack) {
        self.server = server
    }

    /// Passages whose document is a file's id, with our path instead; a file that is gone stays an id.
    func named(_ passages: [Answer.Passage]) async throws -> [Answer.Passage] {
        let paths = try await paths(of: passages.map(\.document))
        return passages.map { Answer.Passage(document: paths[$0.document] ?? $0.document, score: $0.score) }
    }

    /// The paths of those of some documents that are ids of files.
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
