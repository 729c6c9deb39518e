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
            For a release with `approve: manual`: its alias moves to the version that waits. Where nothing waits, and \
            the last version was rolled back, that version may be promoted again by the next apply.

            EXAMPLES
              drover approve production specs/release
            """)

    @Argument(help: "The declared name of the release.")
    var release: String

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var locking: LockOptions

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false).announced()
        let name = release
        try await Releasing(stack: stack, server: server, locking: locking).act(
            command: "approve \(name)"
        ) { servers in
            try await Kinds.approve(name, on: servers)
        }
    }
}
