import ArgumentParser
import Engine
import FoundationEssentials
import Language

/// `drover rollback`.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make the servers what an earlier apply made them.",
        discussion: """
            An ordinary plan and apply of the spec that the apply rendered, with its files as they were. Text files up to 1 MiB
            are kept; documents only with `record: {keepDocuments: true}`. A file that was not kept is taken from the spec's
            directory if it still has the same content; what is missing is listed before anything is planned.

            EXAMPLES
              drover history specs/quickstart
              drover rollback specs/quickstart --to 3
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var change: ChangeOptions

    @Option(help: "The number of the apply, as `drover history` lists it.")
    var to: Int

    func run() async throws {
        change.announce()
        let now = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false)
        let (number, change, server) = (to, change, server)
        let earlier = try await Session.withRecord(now, server) { store in
            _ = try await store.entry(number)
            return try await EarlierSpec.find(number, in: store, beside: now.folder.rootDirectory)
        }
        try await withTemporaryPath { path in
            let (file, isOutside) = try earlier.write(to: path)
            let variation = try VariationOptions.parse(isOutside ? ["--allow-outside"] : [])
            let stack = try Stack.load([file], variation, lab: server.lab).announced()
            try await Session.open(stack, server, concurrency: change.parallelism) { session in
                _ = try await Deployment.bring(session, stack, change, command: "rollback --to \(number)")
            }
        }
    }
}
