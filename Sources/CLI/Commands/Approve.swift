import ArgumentParser
import Engine
import Kinds
import Language

/// `drover approve`.
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Promote what passed the gates of a release and waits for approval.",
        discussion: """
            For a release with `approve: manual`: its alias moves to the version that waits. Where nothing waits, what \
            was rolled back may be promoted again by the next apply; `--version` says which, where it is several. What \
            failed a gate since, or passed it too long ago, is not promoted unless `--override` says why.

            EXAMPLES
              drover approve production specs/release
              drover approve production specs/release --version 3
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
    @OptionGroup var locking: LockOptions

    func validate() throws {
        if let overrideReason, overrideReason.allSatisfy(\.isWhitespace) {
            throw ValidationError("--override takes the reason, which is kept.")
        }
    }

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false).announced()
        let (name, version, reason) = (release, version, overrideReason)
        let command =
            "approve \(name)" + (version.map { " --version \($0)" } ?? "")
            + (reason.map { " --override: \($0)" } ?? "")
        try await Releasing(stack: stack, server: server, locking: locking).act(
            command: command,
            after: { session in
                // What failed since then may wait for MLflow.
                if let mlflow = session.servers.mlflow { await TestRun.sendEarlier(to: mlflow, stack) }
            }
        ) { session in
            let gates = PassedGates(release: name, overrideReason: reason, stack: stack)
            return try await Kinds.approve(name, version: version, on: session.servers) { waiting in
                try await gates.require(waiting, in: session)
            }
        }
    }
}
