import FoundationEssentials
import Glibc
import Language

/// Excludes other drover processes while it is held; the system releases it when the process ends for any reason.
struct FileLock: Sendable {
    private let descriptor: Int32

    /// Waits until no other process holds the lock.
    /// - Throws: `Diagnostic` after the limit, or when the file cannot be created.
    static func acquire(_ path: String, within limit: Duration = .seconds(900)) async throws -> FileLock {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            // The folder may have been removed with the lock while this waited; a failure is told when the file is opened.
            try? FileManager.default.createDirectory(
                atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Diagnostic.noLock(path, SystemError.text(errno)) }
            do {
                while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                    guard ContinuousClock.now < deadline else {
                        throw Diagnostic.noLock(path, "another drover process has held it for \(limit)")
                    }
                    try await Task.sleep(for: .milliseconds(100))
                }
            } catch {
                close(descriptor)
                throw error
            }
            if isStill(descriptor, at: path) { return FileLock(descriptor: descriptor) }
            close(descriptor)
        }
    }

    /// Whether an open file is the one at a path: who held the lock may have removed it, and others lock a new one then.
    private static func isStill(_ descriptor: Int32, at path: String) -> Bool {
        var (opened, present) = (stat(), stat())
        return fstat(descriptor, &opened) == 0 && stat(path, &present) == 0 && opened.st_dev == present.st_dev
            && opened.st_ino == present.st_ino
    }

    /// Releases the lock.
    func release() {
        close(descriptor)
    }
}

extension Diagnostic {
    fileprivate static func noLock(_ path: String, _ why: String) -> Diagnostic {
        Diagnostic(
            "lab-locked", "Lab is locked",
            detail: "The lock file `\(path)` could not be locked: \(why).",
            fix: "Wait for the other `drover lab` command, or end it, and try again.", cause: .locked)
    }
}
