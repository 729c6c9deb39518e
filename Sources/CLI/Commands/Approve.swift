import ArgumentParser
import Engine
import Kinds
import Language
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

    @Option(help: "How it is told what is done: text, or json, an event a line.")
    var format = OutputFormat.text

    func validate() throws {
        if let overrideReason, overrideReason.allSatisfy(\.isWhitespace) {
            throw ValidationError("--override takes the reason, which is kept.")
        }
    }

    func run() async throws {
        if format == .json { EventOutput.begin() }
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
        let lettingGo = LettingGo(
            stack: stack, server: server, locking: locking, parallelism: PaceOptions.standard, command: command,
            cause: "the promotion", reason: "only older versions use it")
        // What it frees shows only before it.
        let shown = try await lettingGo.shown { [release, version] session in
            try await Kinds.approvable(release, version: version, on: session.servers).promotion
        }
        let plan = try? shown.get()
        let meant = yes && !EventOutput.isOn ? nil : try await meant(freeing: plan.map(lettingGo.going) ?? [])
        if !yes {
            if let plan { lettingGo.tell(plan) }
            guard try Console.agrees("Approve this?") else { return Console.note("Nothing was changed.") }
        }
        guard try await isPromoted(meant), Interruption.exitCode == nil else { return }
        try await lettingGo.finish {
            guard let plan = try shown.get() else { return }
            if yes { lettingGo.tell(plan) }
            try await lettingGo.remove(plan)
        }
    }

    /// Says what would be done.
    private func meant(freeing freed: [Freed]) async throws -> ReleaseAct {
        let meant = try await Session.open(stack, server, needs: Needs(mlflow: true)) {
            [release, version, stack] session in
            let act = try await Kinds.approvable(release, version: version, on: session.servers)
            session.tell(act, freeing: freed, stack)
            return act
        }
        Console.out(meant.told)
        return meant
    }

    /// - Parameter meant: What somebody has agreed to, or programs were told; nil where nobody was asked.
    /// - Returns: Whether the alias moved.
    private func isPromoted(_ meant: ReleaseAct?) async throws -> Bool {
        let gates = PassedGates(release: release, overrideReason: overrideReason, stack: stack)
        let isWaiting = Mutex(false)
        try await Releasing(stack: stack, server: server, locking: locking).act(
            command: command, doing: meant?.change,
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
}
