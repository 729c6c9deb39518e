import Engine
import Language
import Reports

/// What an alias that is moved by hand lets go of: named before it moves, and removed after it.
struct LettingGo: Sendable {
    let stack: Stack
    let server: ServerOptions
    let locking: LockOptions
    let parallelism: Int
    let command: String
    /// What lets go: `the promotion`.
    let cause: String
    /// Why nothing needs it: `only older versions use it`.
    let reason: String

    /// What moving an alias would let go of. Nothing depends on it but what is removed: whoever moves an alias may have no
    /// documents at hand, or no way to Llama Stack.
    /// - Parameter promotion: Where the alias goes; nil where it stays.
    /// - Returns: nil where it stays, or why nobody knows.
    /// - Throws: A cancellation when the user interrupted.
    func shown(
        moving promotion: @escaping @Sendable (Session) async throws -> Promotion?
    ) async throws -> Result<Plan?, any Error> {
        do {
            let plan = try await Session.open(stack, server, concurrency: parallelism) { session -> Plan? in
                guard let promotion = try await promotion(session) else { return nil }
                let byHand = Beforehand(promotions: [promotion])
                return try await Deployment.plan(session, session.workflow, Permissions(), after: byHand).plan
            }
            return .success(plan)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return .failure(error)
        }
    }

    /// What goes in the same command: beside other changes of the spec nothing is removed alone.
    func going(by plan: Plan) -> [Freed] {
        plan.removing(onlyWhatGoesIn: plan, waiting: stack.workflow.gated) == nil ? [] : plan.freed
    }

    /// Names it.
    func tell(_ plan: Plan) {
        guard !plan.freed.isEmpty else { return }
        let goes = !going(by: plan).isEmpty
        Console.out("Freed by \(cause), \(goes ? "and removed after it, " : "")because \(reason):")
        for line in PlanText.freed(by: plan) { Console.out(line) }
        if !goes { Console.note(Retirement.moreToDo) }
    }

    /// Removes it, where nothing else is to be done.
    /// - Throws: What keeps the servers from being asked, and a cancellation when the user interrupted.
    func remove(_ shown: Plan) async throws {
        guard !going(by: shown).isEmpty else { return }
        let applied = try await Session.open(stack, server, concurrency: parallelism) { session in
            let retirement = Retirement(
                shown: shown, workflow: session.workflow, permissions: Permissions(), selection: .everything,
                stack: stack, locking: locking, parallelism: parallelism, command: command)
            return try await retirement.act(in: session)
        }
        if let applied { Console.out(applied.summary) }
    }

    /// Does what is left once the alias has moved. Whatever happens then, it has.
    /// - Throws: A cancellation when the user interrupted; all else is a warning.
    func finish(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            Notices.write([.notRetired(error)], stack.sources, environment: stack.environment)
        }
    }
}
