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

/// A cache of file digests. Each file is read at most once per run, in chunks: no file is held in memory as a whole.
/// With a directory for it, digests are also kept from one run to the next.
package final class FileDigests: Sendable {
    private struct State {
        var known: [ExactText: Result<FileContent, FileBytes.Failure>] = [:]
        var kept: DigestCache?
        var hashedCount = 0
    }

    private let state: Mutex<State>
    private let isKeeping: Bool

    /// - Parameters:
    ///   - directory: Where digests are kept; nil keeps none.
    ///   - root: The directory of the spec.
    package init(keptIn directory: String? = nil, root: String = "") {
        isKeeping = directory != nil
        state = Mutex(State(kept: directory.map { DigestCache(in: $0, root: root) }))
    }

    /// How many files were read and hashed.
    package var hashedCount: Int {
        state.withLock { $0.hashedCount }
    }

    /// The content of the file at an absolute path, as of the first request for it.
    package func content(ofFileAt path: String) throws(FileBytes.Failure) -> FileContent {
        if let known = state.withLock({ $0.known[ExactText(path)] }) { return try known.get() }
        let stamp = isKeeping ? DigestCache.Stamp(ofFileAt: path) : nil
        if let stamp, let content = state.withLock({ $0.kept?.content(ofFileAt: path, as: stamp) }) {
            return try remember(.success(content), at: path).get()
        }
        let time = DigestCache.now()
        let content = Self.read(path)
        // Of a file that was changed while it was read, the digest may be of neither content.
        let isUntouched = stamp != nil && DigestCache.Stamp(ofFileAt: path) == stamp
        state.withLock { state in
            state.hashedCount += 1
            guard isUntouched, let stamp, case .success(let content) = content else { return }
            state.kept?.note(content, as: stamp, at: time)
        }
        return try remember(content, at: path).get()
    }

    /// When two tasks read it at the same time, the first result counts, so that a run sees one content.
    private func remember(
        _ content: Result<FileContent, FileBytes.Failure>, at path: String
    ) -> Result<FileContent, FileBytes.Failure> {
        state.withLock { state in
            if let first = state.known[ExactText(path)] { return first }
            state.known[ExactText(path)] = content
            return content
        }
    }

    /// Remembers a file that was read in another way.
    func note(_ content: FileContent) {
        state.withLock { state in
            if state.known[ExactText(content.path)] == nil { state.known[ExactText(content.path)] = .success(content) }
        }
    }

    /// All files that were read so far, in no order.
    var all: [FileContent] {
        state.withLock { $0.known.values.compactMap { try? $0.get() } }
    }

    /// Reads the files that are not cached yet, several at a time; failures are thrown by `content(ofFileAt:)`.
    package func read(_ paths: [String]) {
        let unread = state.withLock { state in paths.filter { state.known[ExactText($0)] == nil } }
        guard unread.count > 1 else { return }
        DispatchQueue.concurrentPerform(iterations: unread.count) { index in
            _ = try? content(ofFileAt: unread[index])  // Cached, and thrown again by later calls.
        }
    }

    /// Keeps what was hashed for later runs.
    package func save() {
        state.withLock { $0.kept?.save() }
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
