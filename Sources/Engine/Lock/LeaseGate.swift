package import Language
import Synchronization

/// Asked before each request that changes something: lets all pass while no lock is required, and after that only those
/// of its holder.
package final class LeaseGate: Sendable {
    private let lease = Mutex<Lease?>(nil)

    package init() {}

    /// Whether changes may go on.
    package var isOpen: Bool {
        lease.withLock { $0 }?.isHeld ?? true
    }

    /// The lock that is held; nil where none is required.
    package var held: Lease? { lease.withLock { $0 } }

    /// - Throws: `Diagnostic` (`locked`) when the lock is lost.
    package func check() throws(Diagnostic) {
        try lease.withLock { $0 }?.check()
    }

    func guarding<R>(_ held: Lease, _ body: () async throws -> R) async throws -> R {
        lease.withLock { $0 = held }
        defer { lease.withLock { $0 = nil } }
        return try await body()
    }
}
