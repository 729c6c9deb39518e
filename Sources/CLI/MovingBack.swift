import Engine
import Kinds
import Language
import Reports

/// Moves the alias of a release back, and removes what that frees.
struct MovingBack: Sendable {
    let release: String
    let reason: String?
    let stack: Stack
    let server: ServerOptions
    let locking: LockOptions
    let parallelism: Int
    /// Whether nobody is asked.
    let yes: Bool

    private var command: String { "rollback --release \(release)" + (reason.map { ": \($0)" } ?? "") }

    func act() async throws {
        let way = yes ? nil : try await way()
        guard try yes || Console.agrees("Move the alias?") else { return Console.note("Nothing was changed.") }
        try await Releasing(stack: stack, server: server, locking: locking).act(command: command) {
            [release, reason] session in
            if let way {
                let now = try await Kinds.wayBack(release, on: session.servers)
                guard now == way else { throw Diagnostic.anotherWayBack(now) }
            }
            return try await Kinds.rollBack(release, on: session.servers, reason: reason)
        }
        guard Interruption.exitCode == nil else { return }
        do {
            try await retire()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            Notices.write([.notRetired(error)], stack.sources, environment: stack.environment)
        }
    }

    /// Says what would be done.
    private func way() async throws -> String {
        let way = try await Session.open(stack, server, needs: Needs(mlflow: true)) { [release] session in
            try await Kinds.wayBack(release, on: session.servers)
        }
        Console.out(way)
        return way
    }

    /// Whoever is in a hurry waits for none of this: the alias has moved.
    private func retire() async throws {
        let applied = try await Session.open(stack, server, concurrency: parallelism) { session -> Applied? in
            guard let undone = try await Kinds.undone(release, on: session.servers) else { return nil }
            let plan = try await Deployment.plan(session, session.workflow, Permissions(), undoing: undone).plan
            guard !plan.freed.isEmpty else { return nil }
            // Beside other changes nothing is removed alone.
            let goes = plan.removing(onlyWhatGoesIn: plan, waiting: session.workflow.gated) != nil
            let when = goes ? "and removed after it, " : ""
            Console.out("Freed by going back, \(when)because no version uses it that a release needs:")
            for line in PlanText.freed(by: plan) { Console.out(line) }
            guard goes else {
                Console.note("There is more to do than to remove what was freed: the next apply does all of it.")
                return nil
            }
            guard try yes || Console.agrees("Remove all this?") else {
                Console.note("Nothing was removed: the next apply does it.")
                return nil
            }
            let retirement = Retirement(
                shown: plan, workflow: session.workflow, permissions: Permissions(), selection: .everything,
                stack: stack, locking: locking, parallelism: parallelism, command: command)
            return try await retirement.act(in: session)
        }
        if let applied { Console.out(applied.summary) }
    }
}

extension Diagnostic {
    fileprivate static func anotherWayBack(_ way: String) -> Diagnostic {
        Diagnostic(
            "moved-meanwhile", "The release was moved meanwhile",
            detail: "Something else would be done by now than was agreed to: \(way)",
            fix: "Run it again, and look at what it says.", cause: .conflict)
    }
}
