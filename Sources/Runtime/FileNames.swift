import Language
import Synchronization
import Wire

/// A cache of the document paths of a server's files by file id. Files are listed when an unknown id is looked up.
final class FileNames: Sendable {
    private let server: LlamaStack
    private let paths = Mutex<[String: String]>([:])

    init(_ server: LlamaStack) {
        self.server = server
    }

    /// Replaces the file ids of what an answer found and cites by our paths; the id of a deleted file is kept. Where the
    /// server does not list its files, all ids are kept, and the answer tells neither, but says why: it is worth more than the
    /// names.
    func name(_ answer: inout Answer) async throws {
        do {
            let paths = try await paths(of: answer.retrieved.map(\.document) + answer.cited)
            for index in answer.retrieved.indices {
                let document = answer.retrieved[index].document
                answer.retrieved[index].document = paths[document] ?? document
            }
            answer.cited = answer.cited.map { paths[$0] ?? $0 }
        } catch let error as WireError {
            answer.unnamedSources = error.diagnostic().detail
            answer.tellsSources = false
            answer.tellsCitations = false
        }
    }

    /// The paths of those documents that are file ids.
    private func paths(of documents: [String]) async throws -> [String: String] {
        let known = paths.withLock { $0 }
        guard documents.contains(where: { $0.hasPrefix("file-") && known[$0] == nil }) else { return known }
        let files = try await server.files.list()
        return paths.withLock { paths in
            for file in files { paths[file.id] = file.path }
            return paths
        }
    }
}
