import Engine
import Kinds
import Language

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

    private var lettingGo: LettingGo {
        LettingGo(
            stack: stack, server: server, locking: locking, parallelism: parallelism, command: command,
            cause: "going back", reason: "no version uses it that a release needs")
    }

    func act() async throws {
        // Whoever is in a hurry waits for nothing: the alias moves first.
        guard !yes || EventOutput.isOn else {
            try await move(nil)
            return try await finish { try await undone() }
        }
        let shown = try await lettingGo.shown { [release] session in
            try await Kinds.wayBack(release, on: session.servers).promotion
        }
        let plan = try? shown.get()
        let way = try await way(freeing: plan.map(lettingGo.going) ?? [])
        if let plan { lettingGo.tell(plan) }
        guard try yes || Console.agrees("Move the alias?") else { return Console.note("Nothing was changed.") }
        try await move(way)
        try await finish { try shown.get() }
    }

    /// Says what would be done.
    private func way(freeing freed: [Freed]) async throws -> ReleaseAct {
        let way = try await Session.open(stack, server, needs: Needs(mlflow: true)) { [release, stack] session in
            let act = try await Kinds.wayBack(release, on: session.servers)
            session.tell(act, freeing: freed, stack)
            return act
        }
        Console.out(way.told)
        return way
    }

    /// - Parameter way: What somebody has agreed to, or programs were told; nil where nobody was asked.
    private func move(_ way: ReleaseAct?) async throws {
        try await Releasing(stack: stack, server: server, locking: locking).act(command: command, doing: way?.change) {
            [release, reason] session in
            if let way {
                let now = try await Kinds.wayBack(release, on: session.servers)
                guard now.told == way.told else { throw Diagnostic.anotherWayBack(now.told) }
            }
            return try await Kinds.rollBack(release, on: session.servers, reason: reason)
        }
    }

    /// What going back has freed, now that the alias has moved; nil where it had not stood elsewhere.
    private func undone() async throws -> Plan? {
        let plan = try await Session.open(stack, server, concurrency: parallelism) { session -> Plan? in
            guard let undone = try await Kinds.undone(release, on: session.servers) else { return nil }
            return try await Deployment.plan(session, session.workflow, Permissions(), undoing: undone).plan
        }
        if let plan { lettingGo.tell(plan) }
        return plan
    }

    /// - Parameter freed: What going back frees.
    private func finish(_ freed: () async throws -> Plan?) async throws {
        guard Interruption.exitCode == nil else { return }
        try await lettingGo.finish {
            if let plan = try await freed() { try await lettingGo.remove(plan) }
        }
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
