import Language
import Synchronization

/// Brings the live state to the desired state.
package struct Executor: Sendable {
    let workflow: Workflow
    let drivers: [String: any Driver]
    private let order: [String]
    let survey: Survey
    let record: Record
    let store: any RecordStore
    private let permissions: Permissions
    private let selection: Selection
    let scope: Scope
    private let promise: Promise?
    private let checks: [Address: CheckResult]?
    private let onEvent: @Sendable (Event) -> Void
    private let mayStart: @Sendable () -> Bool
    let done = DoneIntents()

    /// Prepares an apply. Without results of checks, what waits for checks is withheld. With a promise, a decision that
    /// turns out to be different is not carried out. `mayStart` returns false once the user interrupts: what is in
    /// flight finishes, and nothing new starts.
    package init(
        _ workflow: Workflow, drivers: [any Driver], survey: Survey, record: Record, store: any RecordStore,
        permissions: Permissions, selection: Selection = .everything, promise: Promise? = nil,
        checks: [Address: CheckResult]? = nil, mayStart: @escaping @Sendable () -> Bool = { true },
        onEvent: @escaping @Sendable (Event) -> Void
    ) {
        self.workflow = workflow
        self.drivers = Dictionary(uniqueKeysWithValues: drivers.map { ($0.kind, $0) })
        self.order = drivers.map(\.kind)
        self.survey = survey
        self.record = record
        self.store = store
        self.permissions = permissions
        self.selection = selection
        scope = Scope(selection, of: workflow)
        self.promise = promise
        self.checks = checks
        self.mayStart = mayStart
        self.onEvent = onEvent
    }

    /// Executes the apply, and records the result.
    /// - Throws: What the record store throws before anything was changed. Later failures are in the result.
    package func apply(_ plan: Plan, parallelism: Int) async throws -> Applied {
        try await store.save(entriesBefore(plan))
        let visited = checks == nil ? scope.withholding(workflow.gated, of: workflow.graph) : scope
        let outcomes = await workflow.graph.walk(
            limit: parallelism, within: visited, mayStart: mayStart
        ) { address, done in
            await self.visit(address, Outputs(done.mapValues(\Step.outputs), identities: plan.identities))
        }
        report(skippedIn: outcomes)
        // A check that failed holds back what waits for it, and nothing else.
        let gated = workflow.gated
        let isWhole = outcomes.allSatisfy { gated.contains($0.key) || $0.value.isDone }
        var applied = Applied(steps: outcomes, removals: [:], isWhole: isWhole)
        if isWhole {
            await remove(&applied, of: plan)
            await removeReplaced(&applied, of: plan)
        }
        applied = await applied.recording(entriesAfter(applied, of: plan), in: store)
        return await closingIntents(await closingDone(applied))
    }

    /// The intent of a replacement of objects without marks is deleted only when the record has the new one and the old
    /// one is gone, by this apply or by one of those after the one that was cut off; so is that of what is no object any more.
    private func closingIntents(_ applied: Applied) async -> Applied {
        guard applied.isWhole, applied.recordFailure == nil, applied.removals.values.allSatisfy(\.isDone) else {
            return applied
        }
        var applied = applied
        for (address, outcome) in applied.steps.sorted(by: { $0.key < $1.key }) {
            guard case .done(let step) = outcome, isKnownByRecord(address.kind) || step.isOfNoObject,
                step.action == .replace || record.intents[address.description] != nil
            else { continue }
            do {
                try await store.close(intentOf: address)
            } catch {
                applied.recordFailure = Diagnostic.from(error, at: address.description)
            }
        }
        do {
            try await closeIntents { isOver($0, after: applied) }
        } catch {
            applied.recordFailure = Diagnostic.from(error, at: nil)
        }
        return applied
    }

    func isKnownByRecord(_ kind: String) -> Bool {
        drivers[kind]?.isKnownByRecord == true
    }

    private func visit(_ address: Address, _ outputs: Outputs) async -> Outcome<Step> {
        guard let declaration = workflow[address] else {
            preconditionFailure("The graph of a workflow holds what it declares.")
        }
        if workflow.isCheck(address) { return checked(declaration) }
        guard let driver = drivers[address.kind] else { return .failed(.noDriver(declaration)) }
        let request = DriverRequest(
            declaration, survey, record, outputs, permissions, isReplaced: selection.replaces(address))
        let clock = ContinuousClock()
        let start = clock.now
        let decided = Mutex(Action.keep)
        do {
            let step = try await driver.apply(request, in: context(for: address)) { decision in
                let action = decision.action
                decided.withLock { $0 = action }
                try promise?.check(decision, at: address)
                if action != .keep { onEvent(.started(address, action)) }
            }
            if step.action != .keep { onEvent(.finished(address, step.action, elapsed: clock.now - start)) }
            return .done(step)
        } catch {
            let diagnostic = Diagnostic.from(error, at: address.description).locating(declaration)
            onEvent(.failed(address, decided.withLock { $0 }, diagnostic))
            return error is CancellationError ? .interrupted : .failed(diagnostic)
        }
    }

    /// A check was run before; one that nothing waits for has no result.
    private func checked(_ declaration: Declaration) -> Outcome<Step> {
        let result = checks?[declaration.address]
        switch result {
        case .passed(let outputs):
            let reason = result?.overrideReason
            onEvent(
                reason.map { Event.overridden(declaration.address, because: $0) }
                    ?? .passed(declaration.address, on: result?.standing))
            return .done(Step(action: .check, outputs: outputs, fields: [:], changes: []))
        case .failed(let problem):
            let diagnostic = problem.locating(declaration)
            onEvent(.failed(declaration.address, .check, diagnostic))
            return .failed(diagnostic)
        case nil: return .done(Step(action: .keep, outputs: [:], fields: [:], changes: []))
        }
    }

    private func remove(_ applied: inout Applied, of plan: Plan) async {
        do {
            let removed = try await removeAll(in: survey, of: plan)
            (applied.removals, applied.gone, applied.kept) = (removed.outcomes, removed.gone, removed.kept)
            applied.removed = removed.counts
        } catch {
            // Nothing was removed: what is in the way cannot be seen.
            let first = survey.members.keys.filter { workflow[$0] == nil }.min() ?? survey.stale.first?.address
            if let first { applied.removals = [first: .failed(Diagnostic.from(error, at: first.description))] }
        }
    }

    /// What a promotion freed goes only where the plan says so.
    private func removeAll(in survey: Survey, of plan: Plan) async throws -> Removed {
        var removed = Removed()
        let removals = try await Removals(
            workflow, drivers: drivers, order: order, survey: survey, record: record, within: scope)
        let protected = Set(removals.protected.map(\.address))
        var stuck: Address?
        for removal in removals.all {
            let address = removal.member.address
            if removal.action == .keep || isHeld(removal.member, by: plan) {
                if !removal.member.isStale { removed.kept.insert(address) }
                continue
            }
            if protected.contains(address), removal.action == .delete, !removal.member.isStale {
                removed.outcomes[address] = .failed(.protected(address, "deleted", label: removal.member.label))
                continue
            }
            if let refusal = removal.refusal {
                removed.outcomes[address] = .failed(refusal)
                continue
            }
            let outcome = mayStart() ? await remove(removal, stuck: removals.isPartial ? stuck : nil) : .interrupted
            if !outcome.isDone, drivers[address.kind]?.promotes == true { stuck = address }
            // Several may go at one address: then failures count, and what counted there more than its leftovers.
            if outcome.isDone { removed.counts[removal.action, default: 0] += 1 }
            let isMinor = removal.member.isStale && outcome.isDone
            if removed.outcomes[address].map({ $0.isDone && !isMinor }) ?? true { removed.outcomes[address] = outcome }
            if outcome.isDone, removal.action == .delete, let key = key(of: removal.member) {
                removed.gone[address, default: []].insert(key)
            }
        }
        return removed
    }

    /// What became of removals, by address.
    private struct Removed {
        var outcomes: [Address: Outcome<Action>] = [:]
        /// How many objects went, by what was done to them.
        var counts: [Action: Int] = [:]
        /// The natural keys of what was deleted of kinds that bear no mark.
        var gone: [Address: Set<String>] = [:]
        /// Where something stays that left the spec, whatever goes beside it.
        var kept: Set<Address> = []
    }

    /// Whether something was in use when the plan was made, which does not say that it goes, or a replacement goes on with it.
    private func isHeld(_ member: Member, by plan: Plan) -> Bool {
        guard !plan.keeps(member), !plan.changes.contains(where: { $0.continues == member.label }) else { return true }
        let wasHeld = survey.held.contains { $0.address == member.address && $0.label == member.label }
        return wasHeld && !plan.showsEnd(of: member.label, at: member.address)
    }

    /// - Parameter stuck: Something that others follow, and that was to go before and is still there.
    private func remove(_ removal: Removals.Removal, stuck: Address?) async -> Outcome<Action> {
        let address = removal.member.address
        let clock = ContinuousClock()
        let start = clock.now
        do {
            if let stuck, removal.action == .delete,
                try await drivers[address.kind]?.reasonsToWait([removal.member], after: []) != [nil]
            {
                onEvent(.skipped(address, because: stuck))
                return .skipped(because: stuck)
            }
            onEvent(.started(address, removal.action))
            try await drivers[address.kind]?.remove(removal.member, action: removal.action, in: context(for: address))
            onEvent(.finished(address, removal.action, elapsed: clock.now - start))
            return .done(removal.action)
        } catch {
            let diagnostic = Diagnostic.from(error, at: address.description)
            onEvent(.failed(address, removal.action, diagnostic))
            return error is CancellationError ? .interrupted : .failed(diagnostic)
        }
    }

    /// What a replacement left behind of the old object is known only now; discovering and deleting it is a part of the
    /// replacement.
    private func removeReplaced(_ applied: inout Applied, of plan: Plan) async {
        let replaced = applied.steps.compactMap { address, outcome in
            if case .done(let step) = outcome, step.action == .replace { return address }
            return nil
        }
        let kinds = Set(replaced.map(\.kind))
        guard let first = replaced.min(), applied.removals.values.allSatisfy(\.isDone) else { return }
        do {
            let now = try await Survey.take(
                of: workflow, with: drivers.values.filter { kinds.contains($0.kind) }, loading: store)
            let removed = try await removeAll(in: now.survey, of: plan)
            applied.removals.merge(removed.outcomes.filter { !$0.value.isDone }) { _, later in later }
            applied.gone.merge(removed.gone) { $0.union($1) }
        } catch {
            applied.removals[first] = .failed(Diagnostic.from(error, at: first.description))
        }
    }

    private func context(for address: Address) -> ApplyContext {
        ApplyContext(
            stack: workflow.stack, record: store,
            intent: workflow[address].map(record.intent(for:)) ?? record.intents[address.description],
            progress: { onEvent(.progress(address, $0)) }, warn: { onEvent(.warned(address, $0)) },
            mayStart: mayStart, closeOnceRecorded: { done.insert($0) })
    }

    private func report(skippedIn outcomes: [Address: Outcome<Step>]) {
        for address in workflow.graph.ordered {
            if case .skipped(let cause) = outcomes[address] { onEvent(.skipped(address, because: cause)) }
        }
    }
}

extension Step {
    /// Whether the declaration is a part of others, or only checked.
    fileprivate var isOfNoObject: Bool { action == .keep && fields.isEmpty }
}

extension Outcome {
    package var isDone: Bool {
        if case .done = self { return true }
        return false
    }
}
