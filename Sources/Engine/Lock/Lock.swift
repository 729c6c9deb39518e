package import Language

/// Keeps two from changing one stack at the same time. Two conformers: MLflow, and a local file.
package protocol Lock: Sendable {
    /// Measures the lease, and the waits.
    var clock: LeaseClock { get }
    /// How long a claim stands without a renewal; nil for one that stands as long as its process.
    var term: Duration? { get }
    /// Tries once to take the lock.
    func claim(as holder: LockHolder) async throws -> LockClaim
    /// Confirms that the holder is still there.
    /// - Returns: Whether it still holds the lock.
    func renew(_ lease: Lease) async throws -> Bool
    /// Gives the lock back.
    func release(_ lease: Lease) async throws
    /// The last claim that was made; nil when there was none yet.
    func newest() async throws -> HeldLock?
    /// Releases the claim of someone else.
    /// - Throws: `Diagnostic` when it is not the newest one, or released.
    func unlock(_ number: Int, by name: String) async throws
}

/// Who takes a lock, and what for.
package struct LockHolder: Sendable, Hashable, Codable {
    /// Differs for each time that a lock is taken.
    package var id: String
    package var name: String
    package var host: String
    /// The command, such as `apply`.
    package var purpose: String
    /// What the process is known by on its machine; nil where that cannot be told.
    package var process: String?
    /// The commit of the spec; nil where it has none.
    package var commit: String?

    package init(
        id: String, name: String, host: String, purpose: String, process: String? = nil, commit: String? = nil
    ) {
        self.commit = commit
        self.id = id
        self.name = name
        self.host = host
        self.purpose = purpose
        self.process = process
    }
}

/// A claim that was seen.
package struct HeldLock: Sendable, Hashable {
    package var number: Int
    package var holder: LockHolder
    /// When it was taken, such as `2026-01-31T12:00:00Z`; nil when that is not known.
    package var since: String?
    package var isReleased: Bool
    /// Whether it is free because its process has ended, without giving it back.
    package var isCutOff: Bool

    package init(number: Int, holder: LockHolder, since: String?, isReleased: Bool, isCutOff: Bool = false) {
        self.number = number
        self.holder = holder
        self.since = since
        self.isReleased = isReleased
        self.isCutOff = isCutOff
    }

    /// `anna on build-7 (apply, since 2026-01-31T12:00:00Z, lock 12)`.
    package var described: String {
        let since = since.map { ", since \($0)" } ?? ""
        return "\(holder.name) on \(holder.host) (\(holder.purpose)\(since), lock \(number))"
    }
}

/// How one try to take a lock ended.
package enum LockClaim: Sendable {
    case taken(Lease)
    case held(HeldLock)
    /// Neither: the request failed, as it may when several try at once.
    case contested(any Error)
}

/// What happens around a held lock, for the user.
package enum LockEvent: Sendable {
    case waiting(HeldLock)
    /// The lock could not be given back: it stands until its lease has run out.
    case unreleased(Diagnostic)
}
