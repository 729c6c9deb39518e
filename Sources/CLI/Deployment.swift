import ArgumentParser
import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Suites

/// From a session to a plan, and from a plan to what was applied.
struct Deployment: Sendable {
    let session: Session
    let workflow: Workflow
    let survey: Survey
    let record: Record
    var plan: Plan
    let endangered: [EndangeredSuite]
    let selection: Selection
    let permissions: Permissions
    /// The record as it was read from its store.
    let loaded: Record
    /// Of that record.
    var recordDigest: String { loaded.digest }
    /// What a saved plan says will be done, and nothing else.
    var promise: Promise?
    /// The workflow by whose plan something is freed; nil for its own.
    var retiring: Workflow?
    /// The suites that releases wait for, also of what is left out.
    var gates: [Gate] = []
    /// The promotions that are left out because of their gates, with the reasons.
    var withheld: [Address: String] = [:]
    /// Their results; nil while what waits for them is withheld.
    var checks: [Address: CheckResult]?

    /// Surveys the servers and plans, unless the user interrupts.
    /// - Parameters:
    ///   - workflow: The desired state: that of the session, or an empty one when the stack is to be destroyed.
    ///   - byHand: What somebody does to releases by hand: the plan says what that frees, not what an apply does.
    ///   - undone: A promotion that somebody has taken back by hand: the plan says what of all that it removes that has freed.
    static func plan(
        _ session: Session, _ workflow: Workflow, _ permissions: Permissions, _ selection: Selection = .everything,
        suites: [TestSuite] = [], inspection: Inspection = .fields, rerun: Rerun = .changed,
        withholding: Withholding = .nothing, after byHand: Beforehand? = nil, undoing undone: Promotion? = nil
    ) async throws -> Deployment {
        try await Interruption.reading {
            try await planned(
                session, workflow, permissions, selection, suites, inspection, rerun, withholding, byHand, undone)
        }
    }

    private static func planned(
        _ session: Session, _ workflow: Workflow, _ permissions: Permissions, _ selection: Selection,
        _ suites: [TestSuite], _ inspection: Inspection, _ rerun: Rerun, _ withholding: Withholding,
        _ byHand: Beforehand?, _ undone: Promotion?
    ) async throws -> Deployment {
        var (survey, loaded) = try await Survey.take(of: workflow, with: session.drivers, loading: session.store)
        if permissions.takeOver { survey = try await survey.withOthers(for: workflow, with: session.drivers) }
        let record = loaded.overlaid(with: session.workflow)
        func making(without withheld: [Address: String]) async throws -> Plan {
            try await Planner(
                workflow, drivers: session.drivers, survey: survey, record: record, permissions: permissions,
                selection: selection, inspection: inspection, withholding: withheld, after: byHand,
                undoing: undone
            ).plan()
        }
        var withheld = withholding.known
        var plan = try await making(without: withheld)
        var gates = try await Gate.all(of: plan, workflow, survey, suites, in: session, rerun)
        if case .blocked = withholding { withheld = gates.withheld(from: plan, workflow) }
        if case .blocked = withholding, !withheld.isEmpty {
            // What it frees, and which gates run with what terms, is another matter without them.
            plan = try await making(without: withheld)
            let others = try await Gate.all(of: plan, workflow, survey, suites, in: session, rerun)
            gates = gates.filter { $0.failure != nil } + others
        }
        for gate in gates {
            guard let index = plan.changes.firstIndex(where: { $0.address == gate.address }) else { continue }
            plan.changes[index].note = gate.note
        }
        let counting = Set(gates.filter(\.mayPass).map(\.address.name))
        plan.warnings += suites.filter { counting.contains($0.name) }.compactMap(\.judgeWarning)
        session.servers.folder.keepDigests()
        return Deployment(
            session: session, workflow: workflow, survey: survey, record: record, plan: plan,
            endangered: try await EndangeredSuite.all(
                by: plan, workflow, suites, beside: gates, survey, in: session),
            selection: selection, permissions: permissions,
            loaded: loaded, gates: gates, withheld: withheld)
    }

    /// Writes the plan and its warnings.
    func show(_ stack: Stack) {
        tellPlan(stack)
        let text = PlanText(colors: Console.colors(stack.environment))
        Console.out(text.render(plan, servers: session.locations, endangered: endangered))
        tellWarnings(stack)
    }

    func tellWarnings(_ stack: Stack) {
        Notices.write(plan.warnings, stack.sources, environment: stack.environment)
    }

    /// Writes which MCP servers of changed agents, and of agents that are stored nowhere, do not list their tools.
    func tellSilentTools(_ stack: Stack) async throws {
        let changed = Set(plan.changes.filter { ![.keep, .delete, .forget].contains($0.action) }.map(\.address))
        // A missing token shows in the rejection of the MCP server that wants it.
        let tokens = Kinds.usableTokens(in: workflow, environment: stack.environment)
        let probes = Probes(workflow, on: session.servers, tokens: tokens, searchPath: "")
        let made = Set(plan.changes.filter { $0.action == .create }.map(\.address))
        let warnings = try await Interruption.cancelling {
            try await probes.silentTools(ofChanged: changed, without: made)
        }
        Notices.write(warnings, stack.sources, environment: stack.environment)
    }

    /// Asks for confirmation, unless `--yes` was given.
    /// - Returns: Whether to continue.
    func isAgreed(_ options: ChangeOptions, question: String) throws -> Bool {
        try options.yes || Console.agrees(question)
    }

    /// Applies the plan and reports what was done.
    /// - Throws: `Diagnostics` with all failures, or a cancellation when the user interrupted.
    func apply(parallelism: Int, _ stack: Stack, command: String) async throws -> Applied {
        try await attempt(parallelism: parallelism, stack, command: command).whole()
    }

    /// Applies the plan and reports what was done. What failed is still to be told.
    /// - Throws: `Diagnostics` when the lock was lost, or a cancellation when the user interrupted.
    func attempt(parallelism: Int, _ stack: Stack, command: String) async throws -> Attempt {
        let started = Self.milliseconds()
        let clock = ContinuousClock.now
        let applied = try await Progress.draw(plan) { onEvent in
            try await executor(onEvent).apply(plan, parallelism: parallelism)
        }
        tellSummary(applied, since: clock)
        let unlogged = await log(applied, command: command, since: started)
        try requireLock(failures: applied.failures)
        let failures = failing(applied.failures, stack)
        tellIncomplete(applied, failures)
        if applied.wasInterrupted {
            // The interruption is what ends the command, and would hide them.
            Notices.write(failures + unlogged, stack.sources, environment: stack.environment)
            throw CancellationError()
        }
        return Attempt(applied: applied, failures: (failures + unlogged).map(\.incomplete))
    }

    /// An apply that came to its end, whatever failed in it.
    struct Attempt {
        var applied: Applied
        let failures: [Diagnostic]

        /// - Throws: `Diagnostics` with all failures.
        func whole() throws -> Applied {
            guard failures.isEmpty else { throw Diagnostics(failures) }
            return applied
        }
    }

    private func executor(_ onEvent: @escaping @Sendable (Event) -> Void) -> Executor {
        Executor(
            workflow, drivers: session.drivers, survey: survey, record: record, store: session.store,
            permissions: permissions, selection: selection, promise: promise, checks: checks,
            mayStart: { Interruption.exitCode == nil && session.gate.isOpen }, onEvent: onEvent)
    }

    /// What came of an apply that did not come to its end; the failures are told after it.
    private func tellIncomplete(_ applied: Applied, _ failures: [Diagnostic]) {
        guard !EventOutput.isOn, applied.wasInterrupted || !failures.isEmpty else { return }
        let done = Action.allCases.filter { $0 != .keep && applied.count($0) > 0 }
        let open = plan.changes.count { $0.action != .keep } - done.map(applied.count).reduce(0, +)
        let parts = done.map { "\(applied.count($0)) \($0.past)" } + ["\(max(open, 1)) not done"]
        Console.note("Not everything was applied: \(parts.joined(separator: ", ")). The next apply goes on from here.")
    }

    /// Keeps in the record what the spec says of deletion and protection, and lets go of keys that nothing has any more, where
    /// nothing is to be done on the servers.
    func keepSettings(_ options: ChangeOptions, _ stack: Stack, command: String) async throws {
        let kept = plan.changes.filter { survey.members[$0.address]?.ownership == .ours }.map(\.address)
        let expired = executor { _ in }.expired
        let outlived = executor { _ in }.outlived
        let isSettled = loaded.settling(kept, of: workflow) == loaded
        guard !isSettled || !expired.isEmpty || !outlived.isEmpty else { return }
        let parts = [
            isSettled ? nil : "what the spec says of `protect` and `onDelete`",
            expired.isEmpty ? nil : "that \(expired.keys.sorted().listed) is on no server any more",
            outlived.isEmpty ? nil : "that nothing is under way any more for \(outlived.map(\.description).listed)",
        ]
        let what = parts.compactMap(\.self).joined(separator: ", and ")
        guard options.yes || Console.isInteractive else {
            return Console.note("The record does not hold \(what): `--yes` takes that along.")
        }
        guard try options.yes || Console.confirms("Keep in the record \(what)?") else { return }
        try await session.locked(options.locking, stack, for: command) { session in
            let now = try await session.store.load()
            var settled = now.settling(kept, of: workflow)
            for (address, rest) in expired where now.entries[address] == loaded.entries[address] {
                settled.entries[address] = rest
            }
            try await session.store.save(settled.entries)
            if !outlived.isEmpty { try await executor { _ in }.closeOutlived(in: now) }
        }
        Console.note("The record holds now \(what).")
    }

    static func milliseconds() -> Int64 {
        Int64(Date().timeIntervalSince1970 * 1000)
    }

}

extension Record {
    /// The spec's current settings for deletion and protection take precedence over those of the last apply.
    fileprivate func overlaid(with workflow: Workflow) -> Record {
        var record = self
        for declaration in workflow.declarations {
            let common = declaration.spec.common
            // What is to have another name may still be at its old one.
            let old = declaration.oldAddress.flatMap { workflow[$0] == nil ? $0.description : nil }
            for address in [declaration.address.description, old].compactMap(\.self) {
                let applied = record.entries[address]
                guard applied != nil || (address != old && (common.onDelete != nil || common.protect)) else { continue }
                var entry = applied ?? Entry(fields: [:])
                entry.onDelete = common.onDelete
                entry.protect = common.protect
                record.entries[address] = entry
            }
        }
        return record
    }

    /// The same with the settings for deletion and protection of some declarations.
    fileprivate func settling(_ addresses: [Address], of workflow: Workflow) -> Record {
        var record = self
        for address in addresses {
            guard let common = workflow[address]?.spec.common else { continue }
            guard record.entries[address.description] != nil || common.onDelete != nil || common.protect else {
                continue
            }
            record.entries[address.description, default: Entry(fields: [:])].onDelete = common.onDelete
            record.entries[address.description]?.protect = common.protect
        }
        return record
    }
}

extension Diagnostic {
    /// A failure within an apply: everything else was done, and the next apply continues.
    var incomplete: Diagnostic {
        var diagnostic = self
        let telling: Set<Cause> = [.conflict, .protected, .lacking, .interrupted, .locked, .failed, .inconclusive]
        if !telling.contains(cause) { diagnostic.cause = .incomplete }
        return diagnostic
    }

    static var nobodyToAsk: Diagnostic {
        Diagnostic(
            "nobody-to-ask", "Nobody to ask",
            detail: "This changes servers or the record, and there is no terminal to ask for agreement.",
            fix: "Run it with `--yes` once you have read what it does.", cause: .usage)
    }
}
