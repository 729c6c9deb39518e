package import Engine
import FoundationEssentials
import Glibc
import Language

/// The lock of a stack whose record is a file: a file beside it, locked by the system as long as the process that holds it
/// lives, so that a killed one never keeps it.
///
/// The file stays, and counts: `{"holder": {…}, "isReleased": false, "number": 3, "since": "…"}`.
package actor FileLock: Lock {
    private struct Content: Codable {
        var number: Int
        var holder: LockHolder
        var since: String
        var isReleased: Bool
        /// Whether somebody else released it.
        var isUnlocked: Bool?
    }

    /// Which file it is, whatever has its path now.
    private struct Identity: Equatable {
        let device: UInt64
        let node: UInt64

        init?(_ call: (inout stat) -> Int32) {
            var status = stat()
            guard call(&status) == 0 else { return nil }
            (device, node) = (UInt64(status.st_dev), UInt64(status.st_ino))
        }
    }

    nonisolated package let clock: LeaseClock
    nonisolated package let term: Duration? = nil
    private let path: String
    private var descriptors: [Int: Int32] = [:]

    /// - Parameter record: The path of the record.
    package init(beside record: String, clock: LeaseClock = .system) {
        path = record + ".lock"
        self.clock = clock
    }

    package func claim(as holder: LockHolder) throws -> LockClaim {
        let descriptor = try opened()
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            close(descriptor)
            guard isHeld else { throw Diagnostic.lockUnusable(path) }
            return .held(try newest() ?? Self.unknown)
        }
        guard let identity = Identity({ fstat(descriptor, &$0) }), isThere(identity) else {
            close(descriptor)  // Someone released it by force meanwhile.
            return .contested(Diagnostic.lockUnusable(path))
        }
        let previous = self.content()
        let cutOff = previous.flatMap { previous in
            previous.isReleased && previous.isUnlocked != true
                ? nil
                : HeldLock(
                    number: previous.number, holder: previous.holder, since: previous.since, isReleased: false)
        }
        let number = (previous?.number ?? 0) + 1
        let content = Content(
            number: number, holder: holder, since: Date.now.ISO8601Format(), isReleased: false)
        guard write(content, to: descriptor) else {
            close(descriptor)
            throw Diagnostic.lockUnusable(path)
        }
        descriptors[number] = descriptor
        let path = path
        return .taken(
            Lease(number, of: holder, claimed: clock.now(), term: nil, clock: clock, after: cutOff.map { [$0] } ?? []) {
                Identity { stat(path, &$0) } == identity
            })
    }

    package func renew(_ lease: Lease) -> Bool {
        lease.isHeld
    }

    package func release(_ lease: Lease) throws {
        guard let descriptor = descriptors.removeValue(forKey: lease.number) else { return }
        defer {
            // A program that is being started beside has the descriptor for a moment, too, and must not hold the lock.
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
        guard lease.isHeld, var content = content() else { return }
        content.isReleased = true
        _ = write(content, to: descriptor)  // Unlocking it is what counts.
    }

    package func newest() throws -> HeldLock? {
        guard let content = content() else { return nil }
        let isCutOff = !content.isReleased && !isHeldBySomebody
        return HeldLock(
            number: content.number, holder: content.holder, since: content.since,
            isReleased: content.isReleased || isCutOff, isCutOff: isCutOff)
    }

    package func unlock(_ number: Int, by name: String) throws {
        let newest = try newest()
        guard let newest, newest.number == number, !newest.isReleased else {
            throw Diagnostic.notToUnlock(number, newest: newest)
        }
        let content = Content(
            number: number, holder: newest.holder, since: newest.since ?? "", isReleased: true, isUnlocked: true)
        do {
            // Another file in its place: its holder sees that, and who comes next locks this one.
            try Data(try Value(encoding: content).canonicalJSON.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw Diagnostic.lockUnusable(path)
        }
    }

    private func opened() throws -> Int32 {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Diagnostic.lockUnusable(path, because: SystemError.text(errno)) }
        return descriptor
    }

    private func isThere(_ identity: Identity) -> Bool {
        Identity { stat(path, &$0) } == identity
    }

    private var isHeldBySomebody: Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    /// nil when nothing was written yet, or it is being written.
    private func content() -> Content? {
        guard let bytes = try? FileBytes.read(path, atMost: 1 << 20), let value = try? Value(json: bytes) else {
            return nil
        }
        return try? value.decoded()
    }

    private func write(_ content: Content, to descriptor: Int32) -> Bool {
        guard let json = try? Value(encoding: content).canonicalJSON else { return false }
        let bytes = Array((json + "\n").utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            return false
        }
        return fsync(descriptor) == 0
    }

    private static let unknown = HeldLock(
        number: 0, holder: LockHolder(id: "", name: "somebody", host: "this host", purpose: "unknown"), since: nil,
        isReleased: false)
}

extension Diagnostic {
    fileprivate static func lockUnusable(_ path: String, because reason: String? = nil) -> Diagnostic {
        Diagnostic(
            "lock-unusable", "The stack cannot be locked",
            detail: "The file `\(path)` cannot be opened or locked\(reason.map { ": \($0)" } ?? "").",
            fix: "Make its folder writable, or work without a lock where nobody else changes this stack.",
            cause: .locked)
    }
}
