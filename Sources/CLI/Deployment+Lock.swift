import Engine
import Kinds
import Language
import Reports

extension Deployment {
    /// Applies the plan while the stack is locked, once it is clear that what was agreed to is still what would be done.
    /// - Throws: as `apply`; `Diagnostic` when the lock could not be had (`locked`), or the plan is another by now
    ///   (`conflict`), or a gate asks a program that may not run (`usage`).
    func applyLocked(_ change: ChangeOptions, _ stack: Stack, command: String) async throws -> Applied {
        try checkPrograms(change, stack)
        let applied = actsBeforeGates ? try await applyUngated(change, stack, command: command) : .nothing
        var attempt = Attempt(applied: applied, failures: [])
        if !workflow.gated.isEmpty {
            let (promoted, accepted) = try await promote(change, stack, command: command)
            if let promoted {
                attempt = Attempt(applied: applied.joined(with: promoted.applied), failures: promoted.failures)
            }
            attempt.applied.acceptedAliases = accepted
        }
        // A release whose gate failed holds back nothing of those whose gates passed.
        do {
            let retired = try await retire(after: attempt.applied, change, stack, command: command)
            attempt.applied = attempt.applied.joined(with: retired)
        } catch {
            // The interruption is what ends the command, and would hide them.
            Notices.write(attempt.failures, stack.sources, environment: stack.environment)
            throw error
        }
        return try attempt.whole()
    }

    /// Removes what the plan says that goes, where something moved or removed an alias.
    private func retire(
        after applied: Applied, _ change: ChangeOptions, _ stack: Stack, command: String
    ) async throws -> Applied? {
        guard applied.count(.promote) > 0 || !plan.freed.isEmpty, applied.isWhole, Interruption.exitCode == nil else {
            return nil
        }
        let retirement = Retirement(
            shown: plan, workflow: retiring ?? workflow, permissions: permissions,
            selection: retiring == nil ? selection.afterReplacing : .everything, stack: stack,
            locking: change.locking, parallelism: change.parallelism, command: command)
        return try await retirement.act(in: session)
    }

    private func applyUngated(_ change: ChangeOptions, _ stack: Stack, command: String) async throws -> Applied {
        guard !change.locking.noLock else {
            return try await apply(parallelism: change.parallelism, stack, command: command)
        }
        return try await session.locked(change.locking, stack, for: command) { session in
            try await verified(in: session).apply(parallelism: change.parallelism, stack, command: command)
        }
    }

    /// The same plan, made again, of which others may have done a part meanwhile.
    func verified(in session: Session) async throws -> Deployment {
        var now = try await Deployment.plan(session, workflow, permissions, selection, withholding: .same(withheld))
        now.promise = promise
        // What it leaves out, it does not find.
        if !withheld.isEmpty { now.gates += gates.filter { $0.failure != nil } }
        // Looked at again when it is removed.
        if retiring != nil { (now.plan.freed, now.retiring) = (plan.freed, retiring) }
        let comparison = PlanComparison(plan, record: recordDigest, with: now.plan, record: now.recordDigest)
        let problems = comparison.differences(promise == nil ? .noMore : .exact)
        guard problems.isEmpty else { throw Diagnostics(problems) }
        return now
    }

    /// - Throws: `Diagnostics` that begin with the loss of the lock, if it was lost.
    func requireLock(failures: [Diagnostic]) throws {
        do {
            try session.gate.check()
        } catch {
            throw Diagnostics([error] + failures.filter { $0.cause != .locked }.map(\.incomplete))
        }
    }
}

extension Session {
    /// Runs a body while the stack is locked, with what is listed anew; without the lock where that is wanted.
    /// - Throws: `Diagnostic` (`locked`) when the lock could not be had; what the body throws.
    func locked<R: Sendable>(
        _ options: LockOptions, _ stack: Stack, for purpose: String, _ body: (Session) async throws -> R
    ) async throws -> R {
        guard !options.noLock else { return try await body(try await refreshed()) }
        let terms = LockTerms(timeout: options.timeout) { Interruption.exitCode == nil }
        return try await lock.holding(as: .here(for: purpose, commit: servers.commit), terms, gate: gate) { event in
            switch event {
            case .waiting(let held):
                EventOutput.write { $0.waiting(held.described, at: $1) }
                Console.note("Waiting for the lock, which is held by \(held.described) …")
            case .unreleased(let warning):
                Notices.write([warning], stack.sources, environment: stack.environment)
            }
        } _: {
            let session = try await refreshed()
            await session.noteCutOff()
            return try await body(session)
        }
    }

    /// Adds to the history what was done under the locks before that were never given back, and is not there.
    private func noteCutOff() async {
        guard let cutOffs = gate.held?.cutOffs, !cutOffs.isEmpty else { return }
        do {
            _ = try await store.load()  // One that is refused is not written to.
            let known = Set(try await store.history().compactMap(\.lock))
            for cutOff in cutOffs where !known.contains(cutOff.holder.id) {
                try await store.log(HistoryEntry(cutOff), leaving: nil)
            }
        } catch {
            // The history is help: what is to be done now does not need it, and tells itself what is wrong.
        }
    }
}
