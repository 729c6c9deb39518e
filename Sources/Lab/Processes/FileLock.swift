import Glibc
import Language

/// Excludes other drover processes while it is held; the system releases it when the process ends for any reason.
struct FileLock: Sendable {
    private let descriptor: Int32

    /// Waits until no other process holds the lock.
    /// - Throws: `Diagnostic` after the limit, or when the file cannot be created.
    static func acquire(_ path: String, within limit: Duration = .seconds(900)) async throws -> FileLock {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Diagnostic.noLock(path, SystemError.text(errno)) }
        let deadline = ContinuousClock.now.advanced(by: limit)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard ContinuousClock.now < deadline else {
                close(descriptor)
                throw Diagnostic.noLock(path, "another drover process has held it for \(limit)")
            }
            do {
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                close(descriptor)
                throw error
            }
        }
        return FileLock(descriptor: descriptor)
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
