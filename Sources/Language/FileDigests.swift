import Crypto
import Dispatch
import Synchronization

/// A file as it was when it was read: where it is, how long it is, and what is in it.
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

/// A SHA-256 over bytes that come in pieces.
package struct StreamingDigest: Sendable {
    private var hash = SHA256()

    package init() {}

    /// Takes the next bytes in.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
    }

    /// The digest of all that came, in lower-case hexadecimal digits.
    package var hexadecimal: String {
        hash.finalize().hexadecimal
    }
}

/// The digests of files, each file read once a run, in pieces: no file is ever held whole.
package final class FileDigests: Sendable {
    private let known = Mutex<[String: Result<FileContent, FileBytes.Failure>]>([:])

    package init() {}

    /// What is in the file at an absolute path, as it was when it was first asked for.
    package func content(ofFileAt path: String) throws(FileBytes.Failure) -> FileContent {
        if let known = known.withLock({ $0[path] }) { return try known.get() }
        let content = Self.read(path)
        // Of two who read it at the same time the first one counts, so that a run sees one content.
        return try known.withLock { known in
            if let first = known[path] { return first }
            known[path] = content
            return content
        }.get()
    }

    /// Reads the files that are not known yet, several at a time; what cannot be read is told when it is asked for.
    package func read(_ paths: [String]) {
        let unread = known.withLock { known in paths.filter { known[$0] == nil } }
        guard unread.count > 1 else { return }
        DispatchQueue.concurrentPerform(iterations: unread.count) { index in
            _ = try? content(ofFileAt: unread[index])  // Kept, and thrown again to whoever asks.
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
