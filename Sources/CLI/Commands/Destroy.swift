import ArgumentParser
import Engine

/// `drover destroy`.
struct DestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Remove what a stack has on the servers.",
        discussion: """
            Experiments and registered models stay, without drover's mark, unless they say `onDelete: delete`: they \
            hold runs, traces and versions. With a release goes what only versions use that it kept.

            EXAMPLES
              drover destroy specs/quickstart
              drover destroy specs/quickstart --target vectorStores
              drover destroy specs/release --target releases.production
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var part: SelectionOptions
    @OptionGroup var change: ChangeOptions

    func run() async throws {
        change.announce()
        // What is taken away does not need its documents and prompts any more.
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false)
        let (change, selection) = (change, part.selection)
        try await Session.open(stack, server, concurrency: change.parallelism) { session in
            let deployment = try await Deployment.destroying(session, Permissions(allowEmpty: true), selection)
            deployment.show(stack)
            guard !deployment.plan.isEmpty else { return try await deployment.endWithNothingToDo(stack) }
            guard try deployment.isAgreed(change, question: "Remove all this?") else {
                return Console.note("Nothing was removed.")
            }
            let applied = try await deployment.applyLocked(change, stack, command: "destroy")
            if !EventOutput.isOn { Console.out(applied.summary) }
        }
    }
}
