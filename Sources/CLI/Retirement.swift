import Engine
import Language
import Reports

/// Removes what a plan says that goes once aliases have moved. Whatever else there is to do waits for the next apply, and this
/// too where it fails.
struct Retirement: Sendable {
    let shown: Plan
    let workflow: Workflow
    let permissions: Permissions
    let selection: Selection
    let stack: Stack
    let locking: LockOptions
    let parallelism: Int
    let command: String

    /// - Returns: What was done; nil where that is nothing.
    /// - Throws: A cancellation when the user interrupted; all else is a warning.
    func act(in session: Session) async throws -> Applied? {
        do {
            return try await session.locked(locking, stack, for: command) { session in
                try await freed(in: session)?.apply(parallelism: parallelism, stack, command: command)
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            Notices.write([.notRetired(error)], stack.sources, environment: stack.environment)
            return nil
        }
    }

    /// What is left to remove of what the plan says that goes; nil where that is nothing, or there is more to do.
    private func freed(in session: Session) async throws -> Deployment? {
        let planned = try await Deployment.plan(session, workflow, permissions, selection)
        guard let rest = planned.plan.removing(onlyWhatGoesIn: shown, waiting: workflow.gated) else {
            if !shown.freed.isEmpty {
                Console.note(Self.moreToDo)
            }
            return nil
        }
        let others = zip(planned.plan.changes, rest.changes).filter { $0.action != $1.action }.map(\.0)
            .filter { !workflow.gated.contains($0.address) }
        if !others.isEmpty { Self.tellLeftOver(others) }
        return rest.isEmpty ? nil : planned.carrying(rest)
    }

    static let moreToDo = "There is more to do than to remove what is freed: the next apply does all of it."

    private static func tellLeftOver(_ changes: [Change]) {
        let labels = changes.map { $0.label ?? $0.address.description }
        Console.note("The next apply removes what this plan does not show: \(labels.listed).")
    }
}

extension Deployment {
    fileprivate func carrying(_ plan: Plan) -> Deployment {
        Deployment(
            session: session, workflow: workflow, survey: survey, record: record, plan: plan, endangered: [],
            selection: selection, permissions: permissions, loaded: loaded)
    }
}

extension Diagnostic {
    /// - Parameter error: Why.
    static func notRetired(_ error: any Error) -> Diagnostic {
        let told = (error as? CommandFailure).map { Diagnostics($0.diagnostics) } ?? error
        let problem = Diagnostic.from(told, at: nil)
        return Diagnostic(
            "not-retired", "What only older versions used is still there",
            detail: "All that was asked for is done. What it left over could not be removed. \(problem.detail)",
            fix: "Nothing has to be done: the next apply removes it.", address: problem.address,
            notes: problem.notes, severity: .warning)
    }
}
