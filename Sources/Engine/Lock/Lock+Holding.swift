package import Language

/// How a lock is waited for.
package struct LockTerms: Sendable {
    /// How long to wait for it.
    package var timeout: Duration
    /// Returns false once the user interrupts.
    package var mayWait: @Sendable () -> Bool

    package init(timeout: Duration, mayWait: @escaping @Sendable () -> Bool = { true }) {
        self.timeout = timeout
        self.mayWait = mayWait
    }
}

extension Lock {
    /// Runs a body while the lock is held: takes it, renews it meanwhile, and releases it however the body ends.
    ///
    /// The body is not cancelled when the lock is lost; the gate refuses its changes.
    /// - Throws: `Diagnostic` (`locked`) when the lock could not be taken in time; `CancellationError` when the user
    ///   interrupted the wait; what the body throws.
    package func holding<R: Sendable>(
        as holder: LockHolder, _ terms: LockTerms, gate: LeaseGate, onEvent: @Sendable (LockEvent) -> Void = { _ in },
        _ body: () async throws -> R
    ) async throws -> R {
        let lease = try await take(as: holder, terms, onEvent)
        let result: Result<R, any Error>
        do {
            result = .success(
                try await gate.guarding(lease) {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { await keep(lease) }
                        defer { group.cancelAll() }
                        return try await body()
                    }
                })
        } catch {
            result = .failure(error)
        }
        do {
            try await release(lease)
        } catch {
            onEvent(.unreleased(.unreleased(lease.number, Diagnostic.from(error, at: nil), term)))
        }
        return try result.get()
    }

    private func take(
        as holder: LockHolder, _ terms: LockTerms, _ onEvent: @Sendable (LockEvent) -> Void
    ) async throws -> Lease {
        let start = clock.now()
        var (isTold, contests, pause) = (false, 0, Duration.milliseconds(300))
        while true {
            switch try await claim(as: holder) {
            case .taken(let lease): return lease
            case .held(let held):
                contests = 0
                if clock.now() - start >= terms.timeout { throw Diagnostic.lockHeld(held, waited: terms.timeout) }
                if !isTold { onEvent(.waiting(held)) }
                isTold = true
            case .contested(let error):
                contests += 1
                if contests > 4 { throw error }
            }
            try await wait(pause * .random(in: 0.5...1), terms)
            pause = min(pause * 1.5, .seconds(2))
        }
    }

    /// In short steps, so that an interruption ends it soon.
    private func wait(_ duration: Duration, _ terms: LockTerms) async throws {
        let end = clock.now() + duration
        while clock.now() < end {
            guard terms.mayWait() else { throw CancellationError() }
            try await clock.sleep(min(.milliseconds(100), end - clock.now()))
        }
    }

    /// Renews three times in a lease, also while an earlier renewal still waits for its answer.
    private func keep(_ lease: Lease) async {
        guard let term else { return }
        await withDiscardingTaskGroup { group in
            while lease.isHeld, await hasPassed(term / 3) {
                group.addTask { await confirm(lease) }
            }
            group.cancelAll()
        }
    }

    /// - Returns: false when the task was cancelled: the body has ended.
    private func hasPassed(_ duration: Duration) async -> Bool {
        do {
            try await clock.sleep(duration)
            return true
        } catch {
            return false
        }
    }

    private func confirm(_ lease: Lease) async {
        let sent = clock.now()
        do {
            if try await renew(lease) { lease.confirm(sent: sent) } else { lease.lose() }
        } catch {}  // The next one may succeed; if none does, the lease runs out by itself.
    }
}

extension Diagnostic {
    fileprivate static func lockHeld(_ held: HeldLock, waited: Duration) -> Diagnostic {
        Diagnostic(
            "lock-held", "The stack is being changed by someone else",
            detail: "The lock is held by \(held.described). It was waited for \(waited.spelled).",
            fix: "Run it again when that has ended, or wait longer. Where the holder is gone for good, "
                + "`drover state unlock \(held.number)` releases it.",
            cause: .locked)
    }

    fileprivate static func unreleased(_ number: Int, _ problem: Diagnostic, _ term: Duration?) -> Diagnostic {
        let end = term.map { "after \($0.spelled)" } ?? "when this process has ended"
        return Diagnostic(
            "lock-unreleased", "The lock was not given back",
            detail: "Lock \(number) is free again \(end). \(problem.detail)", severity: .warning, cause: problem.cause)
    }

    /// - Parameter newest: The claim that is the last one.
    package static func notToUnlock(_ number: Int, newest: HeldLock?) -> Diagnostic {
        let detail =
            switch newest {
            case nil: "This stack has no locks."
            case let newest? where newest.number != number:
                "The newest lock of this stack is \(newest.number), "
                    + (newest.isReleased ? "and it is released." : "held by \(newest.described).")
            case _?: "Lock \(number) is released already."
            }
        return Diagnostic(
            "not-to-unlock", "There is no such lock to release", detail: detail,
            fix: newest?.isReleased == false && newest?.number != number
                ? "Look whether that holder is gone before you release it." : "There is nothing to do.",
            cause: .conflict)
    }
}
