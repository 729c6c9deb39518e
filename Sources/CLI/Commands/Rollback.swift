import ArgumentParser
import Engine
import FoundationEssentials
import Kinds
import Language

/// `drover rollback`.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make the servers what an earlier apply made them, or move an alias back.",
        discussion: """
            An ordinary plan and apply of the spec that the apply rendered, with its files as they were. Text files up \
            to 1 MiB are kept; documents only with `record: {keepDocuments: true}`. A file that was not kept is taken \
            from the spec's directory if it still has the same content; what is missing is listed before anything is \
            planned.

            With `--release`, only the alias of a release moves back to the version before, and what it stood at is \
            not promoted again until the agent changes or somebody approves it.

            EXAMPLES
              drover history specs/quickstart
              drover rollback specs/quickstart --to 3
              drover rollback specs/release --release production --reason "answers in the wrong language"
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var change: ChangeOptions

    @Option(help: "The number of the apply, as `drover history` lists it.")
    var to: Int?

    @Option(help: "The declared name of a release, whose alias moves back.")
    var release: String?

    @Option(help: "Why, for `--release`; it is kept.")
    var reason: String?

    func validate() throws {
        guard (to == nil) != (release == nil) else {
            throw ValidationError("Say either --to NUMBER, for a whole apply, or --release NAME, for an alias.")
        }
        if release == nil, reason != nil { throw ValidationError("--reason goes with --release.") }
    }

    func run() async throws {
        if let release { return try await moveBack(release) }
        guard let to else { return }
        try await bringBack(to)
    }

    private func moveBack(_ release: String) async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false).announced()
        let reason = reason
        try await Releasing(stack: stack, server: server, locking: change.locking).act(
            command: "rollback --release \(release)" + (reason.map { ": \($0)" } ?? "")
        ) { servers in
            try await Kinds.rollBack(release, on: servers, reason: reason)
        }
    }

    private func bringBack(_ to: Int) async throws {
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
