package import Language
import Synchronization

/// A held lock, as its holder knows it: a local clock says whether it is still valid, without a request.
///
/// It runs from the sending of the last confirmed renewal. Once it has run out it is lost for good, even if an answer
/// arrives later: someone else may hold the lock by then.
package final class Lease: Sendable {
    private struct State {
        var confirmed: Duration
        var isLost = false
    }

    package let number: Int
    package let holder: LockHolder
    /// The claims before whose holders have ended without giving them back, or that somebody else released, as far as they are
    /// still known, the oldest first: what they did may have been cut off.
    package let cutOffs: [HeldLock]
    private let clock: LeaseClock
    private let term: Duration?
    private let stands: @Sendable () -> Bool
    private let state: Mutex<State>

    /// - Parameters:
    ///   - claimed: When the claim was sent.
    ///   - cutOffs: The claims before that were never given back.
    ///   - stands: Checks on this machine whether it still stands.
    package init(
        _ number: Int, of holder: LockHolder, claimed: Duration, term: Duration?, clock: LeaseClock,
        after cutOffs: [HeldLock] = [], stands: @escaping @Sendable () -> Bool = { true }
    ) {
        self.cutOffs = cutOffs
        self.number = number
        self.holder = holder
        self.clock = clock
        self.term = term
        self.stands = stands
        state = Mutex(State(confirmed: claimed))
    }

    package var isHeld: Bool {
        state.withLock { state in
            settle(&state)
            return !state.isLost
        }
    }

    /// - Throws: `Diagnostic` (`locked`) when it is lost.
    package func check() throws(Diagnostic) {
        guard isHeld else { throw .leaseLost(number) }
    }

    /// Notes that a renewal was confirmed, and when it was sent.
    package func confirm(sent: Duration) {
        state.withLock { state in
            settle(&state)
            state.confirmed = max(state.confirmed, sent)
        }
    }

    /// Notes that it was taken away.
    package func lose() {
        state.withLock { $0.isLost = true }
    }

    private func settle(_ state: inout State) {
        if let term, clock.now() - state.confirmed >= term { state.isLost = true }
        if !stands() { state.isLost = true }
    }
}

extension Diagnostic {
    static func leaseLost(_ number: Int) -> Diagnostic {
        Diagnostic(
            "lease-lost", "The lock was lost",
            detail: "Lock \(number) could not be renewed in time, or was released by someone else: another may hold it "
                + "now, so nothing more was changed.",
            fix: "Run the command again; it goes on where this one stopped.", cause: .locked)
    }
}
