import Language

/// Makes what is into what is wanted.
package struct Executor: Sendable {
    let workflow: Workflow
    private let drivers: [String: any Driver]
    private let order: [String]
    private let survey: Survey
    let record: Record
    private let store: any RecordStore
    private let permissions: Permissions
    private let onEvent: @Sendable (Event) -> Void
    private let mayStart: @Sendable () -> Bool

    /// - Parameter mayStart: Turns false when the user interrupts: what is in flight finishes, nothing new begins.
    package init(
        _ workflow: Workflow, drivers: [any Driver], survey: Survey, record: Record, store: any RecordStore,
        permissions: Permissions, mayStart: @escaping @Sendable () -> Bool = { true },
        onEvent: @escaping @Sendable (Event) -> Void
    ) {
        self.workflow = workflow
        self.drivers = Dictionary(uniqueKeysWithValues: drivers.map { ($0.kind, $0) })
        self.order = drivers.map(\.kind)
        self.survey = survey
        self.record = record
        self.store = store
        self.permissions = permissions
        self.mayStart = mayStart
        self.onEvent = onEvent
    }

    /// Does it, and records what was done.
    /// - Throws: What the record store throws before anything was changed. What fails later is in the result.
    package func apply(_ plan: Plan, parallelism: Int) async throws -> Applied {
        try await store.save(entriesBefore(plan))
        let clock = ContinuousClock()
        let outcomes = await workflow.graph.walk(limit: parallelism, mayStart: mayStart) { (address, done: [Address: Step]) in
            await self.visit(address, done.mapValues(\.outputs), since: clock.now, clock)
        }
        report(skippedIn: outcomes)
        let isWhole = outcomes.values.allSatisfy(\.isDone)
        let removed = isWhole ? await removeAll(clock) : [:]
        let applied = Applied(steps: outcomes, removals: removed, isWhole: isWhole)
        return await applied.recording(entriesAfter(applied), in: store)
    }

    private func visit(
        _ address: Address, _ done: [Address: [String: Value]], since start: ContinuousClock.Instant,
        _ clock: ContinuousClock
    ) async -> Outcome<Step> {
        guard let declaration = workflow[address], let driver = drivers[address.kind] else {
            return .done(Step(action: .keep, outputs: [:], fields: [:], changes: []))
        }
        let request = DriverRequest(
            declaration: declaration, member: survey.member(for: declaration), outputs: Outputs(done),
            last: record.entry(address)?.fields ?? [:], permissions: permissions,
            isInterrupted: record.intents[address.description] != nil)
        var action = Action.update
        do {
            action = try await driver.preview(request).decision.action
            if action != .keep { onEvent(.started(address, action)) }
            let step = try await driver.apply(request, in: context(for: address))
            if action != .keep { onEvent(.finished(address, action, elapsed: clock.now - start)) }
            return .done(step)
        } catch {
            let diagnostic = Diagnostic.from(error, at: address).locating(declaration)
            onEvent(.failed(address, action, diagnostic))
            return .failed(diagnostic)
        }
    }

    private func removeAll(_ clock: ContinuousClock) async -> [Address: Outcome<Action>] {
        var outcomes: [Address: Outcome<Action>] = [:]
        let removals = Removals(workflow, drivers: drivers, order: order, survey: survey, record: record)
        for removal in removals.all {
            let address = removal.member.address
            guard mayStart() else {
                outcomes[address] = .interrupted
                continue
            }
            let start = clock.now
            onEvent(.started(address, removal.action))
            do {
                try await drivers[address.kind]?.remove(removal.member, action: removal.action, in: context(for: address))
                onEvent(.finished(address, removal.action, elapsed: clock.now - start))
                outcomes[address] = .done(removal.action)
            } catch {
                let diagnostic = Diagnostic.from(error, at: address)
                onEvent(.failed(address, removal.action, diagnostic))
                outcomes[address] = .failed(diagnostic)
            }
        }
        return outcomes
    }

    private func context(for address: Address) -> ApplyContext {
        ApplyContext(stack: workflow.stack, record: store, intent: record.intents[address.description]) { text in
            onEvent(.progress(address, text))
        }
    }

    private func report(skippedIn outcomes: [Address: Outcome<Step>]) {
        for address in workflow.graph.ordered {
            if case .skipped(let cause) = outcomes[address] { onEvent(.skipped(address, because: cause)) }
        }
    }
}

extension Outcome {
    package var isDone: Bool {
        if case .done = self { return true }
        return false
    }
}
