import Engine
import Kinds
import Language
import Reports
import Suites

/// The gates of releases within an apply: first everything is brought that waits for no gate; then the gates are tried,
/// while nobody is locked out; then the aliases move.
extension Deployment {
    /// Whether the plan does something that waits for no gate.
    var actsBeforeGates: Bool {
        let gated = workflow.gated
        return plan.changes.contains { $0.action != .keep && !gated.contains($0.address) }
    }

    /// What waits for gates and is to be done, the gates themselves left out.
    private var gatedChanges: [Change] {
        let gated = workflow.gated
        return plan.changes.filter {
            $0.action != .keep && gated.contains($0.address) && !workflow.isCheck($0.address)
        }
    }

    /// Makes sure that the programs which gates will ask may and can run, before anything is changed.
    func checkPrograms(_ change: ChangeOptions, _ stack: Stack) throws {
        let asked = Set(gates.filter { $0.decision == .run }.map(\.address.name))
        guard !asked.isEmpty else { return }
        let programs = try stack.suites().filter { asked.contains($0.name) }.flatMap(\.programs)
        try TestRun.check(programs, stack, areAllowed: change.gates.allowExec)
    }

    /// Tries the gates of what is there now, and moves the aliases whose gates have passed.
    /// - Returns: What was promoted, and the gates that failed; nil when no alias would move. And how many aliases were accepted
    ///   where somebody else has put them.
    /// - Throws: `Diagnostic` (`conflict`) when something else is to be done by now than was shown.
    func promote(
        _ change: ChangeOptions, _ stack: Stack, command: String
    ) async throws -> (attempt: Attempt?, accepted: Int) {
        if let mlflow = session.servers.mlflow {
            await TestRun.sendEarlier(to: mlflow, stack, in: session)
        }
        var pending = try await pending(change)
        let accepted = try await pending.acceptAliases(change, stack, command: command)
        if accepted > 0 { pending = try await self.pending(change) }
        guard !pending.gatedChanges.isEmpty else { return (pending.stayed(stack), accepted) }
        let results = try await GateRun(gates: pending.gates, change: change, stack: stack).results(in: pending.session)
        if Interruption.exitCode != nil { throw CancellationError() }
        let attempt = try await pending.applyChecked(results, change, stack, command: change.gates.told(command))
        return (attempt, accepted)
    }

    /// What is left once all is done that waits for no gate.
    /// - Throws: `Diagnostics` when others changed something since the plan was shown: that is not taken along.
    private func pending(_ change: ChangeOptions) async throws -> Deployment {
        let pending = try await Deployment.plan(
            try await session.refreshed(), workflow, permissions, selection.afterReplacing, rerun: change.gates.rerun,
            withholding: change.withholding(permissions))
        guard !pending.gatedChanges.isEmpty else { return pending }
        let more = PlanComparison(plan, record: recordDigest, with: pending.plan, record: pending.recordDigest)
        let problems = more.differences(.noMore)
        guard problems.isEmpty else { throw Diagnostics(problems) }
        return pending
    }

    /// Lets releases go on from where somebody moved their aliases, whatever their gates say.
    /// - Returns: How many somebody had moved.
    private func acceptAliases(_ change: ChangeOptions, _ stack: Stack, command: String) async throws -> Int {
        let names = gatedChanges.map(\.address.name)
        guard permissions.acceptAlias, !names.isEmpty else { return 0 }
        let accepted = try await session.locked(change.locking, stack, for: command) { session in
            let started = Deployment.milliseconds()
            let accepted = try await Kinds.acceptAliases(of: names, on: session.servers)
            if !accepted.isEmpty {
                try await session.note("\(command) --accept-alias", accepted.joined(separator: " "), since: started)
            }
            return accepted
        }
        for sentence in accepted { Console.note(sentence) }
        return accepted.count
    }

    /// Takes the lock again, and makes sure that what was tried is still what would be promoted.
    private func applyChecked(
        _ results: [Address: CheckResult], _ change: ChangeOptions, _ stack: Stack, command: String
    ) async throws -> Attempt {
        var isVerified = false
        do {
            return try await session.locked(change.locking, stack, for: command) { session in
                var now = try await verified(in: session)
                isVerified = true
                now.checks = results
                now.promise = Promise(plan)
                return try await now.attempt(parallelism: change.parallelism, stack, command: command)
            }
        } catch let error where !isVerified && !(error is CancellationError) {
            // Nothing would have been promoted: the gates say why, and come first.
            let open = failing(results.sorted { $0.key < $1.key }.compactMap(\.value.problem), stack)
            guard !open.isEmpty else { throw error }
            throw Diagnostics(open + [Diagnostic.from(error, at: nil)])
        }
    }

    /// The failures that end a command, after those are told that only warn.
    func failing(_ failures: [Diagnostic], _ stack: Stack) -> [Diagnostic] {
        let warned = failures.filter { failure in
            guard let check = failure.address.flatMap(Address.init(text:)), workflow.isCheck(check) else {
                return false
            }
            return Kinds.terms(of: check, in: workflow)?.onlyWarns ?? false
        }
        let told = warned.map { warning in
            var warning = warning
            warning.severity = .warning
            return warning
        }
        Notices.write(told, stack.sources, environment: stack.environment)
        return failures.filter { !warned.contains($0) }
    }
}

extension Applied {
    /// Two applies of one command as one: what the second left as it was counts as the first brought it.
    func joined(with second: Applied?) -> Applied {
        guard let second else { return self }
        var joined = second
        joined.steps = steps.merging(second.steps) { first, second in
            guard case .done(let before) = first, case .done(let after) = second, after.action == .keep else {
                return second
            }
            return .done(before)
        }
        joined.removals = removals.merging(second.removals) { _, second in second }
        joined.removed = removed.merging(second.removed, uniquingKeysWith: +)
        joined.acceptedAliases += acceptedAliases
        return joined
    }
}
