import ArgumentParser
import Engine
import Kinds
import Language
import Reports
import Synchronization

/// `drover approve`.
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Promote what passed the gates of a release and waits for approval.",
        discussion: """
            For a release with `approve: manual`: its alias moves to the version that waits, and what only older versions \
            used is removed, as after an apply. Where nothing waits, what was rolled back may be promoted again by the \
            next apply; `--version` says which, where it is several. What failed a gate since, or passed it too long \
            ago, is not promoted unless `--override` says why.

            EXAMPLES
              drover approve production specs/release
              drover approve production specs/release --version 3 --yes
            """)

    @Argument(help: "The declared name of the release.")
    var release: String

    @Option(help: "The version that is meant (default: the one that waits, or the only one that was rolled back).")
    var version: Int?

    @Option(
        name: .customLong("override"),
        help: "Promote in spite of gates that have failed since or passed too long ago, for this reason; it is kept.")
    var overrideReason: String?

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var locking: LockOptions

    func validate() throws {
        if let overrideReason, overrideReason.allSatisfy(\.isWhitespace) {
            throw ValidationError("--override takes the reason, which is kept.")
        }
    }

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false).announced()
        let approval = Approval(
            release: release, version: version, overrideReason: overrideReason, stack: stack, server: server,
            yes: yes, locking: locking)
        try await approval.act()
    }
}

/// Promotes what waits for approval, and removes what that frees.
private struct Approval: Sendable {
    let release: String
    let version: Int?
    let overrideReason: String?
    let stack: Stack
    let server: ServerOptions
    /// Whether nobody is asked.
    let yes: Bool
    let locking: LockOptions

    private var command: String {
        "approve \(release)" + (version.map { " --version \($0)" } ?? "")
            + (overrideReason.map { " --override: \($0)" } ?? "")
    }

    func act() async throws {
        // What it frees shows only before it.
        let shown = try await shown()
        let meant = yes ? nil : try await meant()
        if !yes {
            if let plan = try? shown.get() { tellFreed(by: plan) }
            guard try Console.agrees("Approve this?") else { return Console.note("Nothing was changed.") }
        }
        guard try await isPromoted(meant), Interruption.exitCode == nil else { return }
        do {
            guard let plan = try shown.get(), !plan.freed.isEmpty else { return }
            if yes { tellFreed(by: plan) }
            try await retire(plan)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            Notices.write([.notRetired(error)], stack.sources, environment: stack.environment)
        }
    }

    /// The plan that says what the approval frees; nil where nothing waits. Nothing depends on it but what is removed: who
    /// approves may have no documents at hand, or no way to Llama Stack.
    /// - Throws: A cancellation when the user interrupted.
    private func shown() async throws -> Result<Plan?, any Error> {
        do {
            let plan = try await Session.open(stack, server) { [release, version] session -> Plan? in
                let waiting = try await Kinds.awaiting(release, version: version, on: session.servers)
                guard let waiting else { return nil }
                return try await Deployment.plan(session, session.workflow, Permissions(), approving: waiting).plan
            }
            return .success(plan)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return .failure(error)
        }
    }

    /// Says what would be done.
    /// - Returns: The version that it is about, and what was said.
    private func meant() async throws -> (version: Int, told: String) {
        let meant = try await Session.open(stack, server, needs: Needs(mlflow: true)) { [release, version] session in
            try await Kinds.approvable(release, version: version, on: session.servers)
        }
        Console.out(meant.told)
        return meant
    }

    /// - Parameter meant: What somebody has agreed to; nil where nobody was asked.
    /// - Returns: Whether the alias moved.
    private func isPromoted(_ meant: (version: Int, told: String)?) async throws -> Bool {
        let gates = PassedGates(release: release, overrideReason: overrideReason, stack: stack)
        let isWaiting = Mutex(false)
        try await Releasing(stack: stack, server: server, locking: locking).act(
            command: command,
            after: { [stack] session in
                // What failed since then may wait for MLflow; the agents' server may not be at hand.
                if let mlflow = session.servers.mlflow { await TestRun.sendEarlier(to: mlflow, stack, in: nil) }
            }
        ) { [release, version] session in
            try await Kinds.approve(
                release, version: meant?.version ?? version, agreed: meant?.told, on: session.servers
            ) { waiting in
                try await gates.require(waiting, in: session)
                isWaiting.withLock { $0 = true }
            }
        }
        return isWaiting.withLock { $0 }
    }

    private func tellFreed(by plan: Plan?) {
        guard let plan, !plan.freed.isEmpty else { return }
        Console.out("Freed by the promotion, and removed after it, because only older versions use it:")
        for line in PlanText.freed(by: plan) { Console.out(line) }
    }

    private func retire(_ plan: Plan) async throws {
        let applied = try await Session.open(stack, server) { session in
            let retirement = Retirement(
                shown: plan, workflow: session.workflow, permissions: Permissions(), selection: .everything,
                stack: stack, locking: locking, parallelism: PaceOptions.standard, command: command)
            return try await retirement.act(in: session)
        }
        if let applied { Console.out(applied.summary) }
    }
}
