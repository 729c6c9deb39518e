import Dispatch
import Synchronization

/// A file as it was when it was read: its path, its size and the digest of its content.
package struct FileContent: Sendable, Hashable {
    /// Absolute, symlinks resolved.
    package let path: String
    /// In bytes.
    package let size: Int
    /// Lower-case hexadecimal.
    package let sha256: String

    package init(path: String, size: Int, sha256: String) {
        self.path = path
        self.size = size
        self.sha256 = sha256
    }
}

/// A cache of file digests. Each file is read once per run, in chunks: no file is held in memory as a whole.
package final class FileDigests: Sendable {
    private let known = Mutex<[ExactText: Result<FileContent, FileBytes.Failure>]>([:])

    package init() {}

    /// The content of the file at an absolute path, as of the first request for it.
    package func content(ofFileAt path: String) throws(FileBytes.Failure) -> FileContent {
        if let known = known.withLock({ $0[ExactText(path)] }) { return try known.get() }
        let content = Self.read(path)
        // When two tasks read it at the same time, the first result counts, so that a run sees one content.
        return try known.withLock { known in
            if let first = known[ExactText(path)] { return first }
            known[ExactText(path)] = content
            return content
        }.get()
    }

    /// Remembers a file that was read in another way.
    func note(_ content: FileContent) {
        known.withLock { known in
            if known[ExactText(content.path)] == nil { known[ExactText(content.path)] = .success(content) }
        }
    }

    /// All files that were read so far, in no order.
    var all: [FileContent] {
        known.withLock { $0.values.compactMap { try? $0.get() } }
    }

    /// Reads the files that are not cached yet, several at a time; failures are thrown by `content(ofFileAt:)`.
    package func read(_ paths: [String]) {
        let unread = known.withLock { known in paths.filter { known[ExactText($0)] == nil } }
        guard unread.count > 1 else { return }
        DispatchQueue.concurrentPerform(iterations: unread.count) { index in
            _ = try? content(ofFileAt: unread[index])  // Cached, and thrown again by later calls.
        }
    }

    private static func read(_ path: String) -> Result<FileContent, FileBytes.Failure> {
        do throws(FileBytes.Failure) {
            let file = try OpenFile(path)
            var digest = StreamingDigest()
            let size = try file.forEachPiece { digest.update($0) }
            return .success(FileContent(path: path, size: size, sha256: digest.hexadecimal))
        } catch {
            return .failure(error)
        }
    }
}
