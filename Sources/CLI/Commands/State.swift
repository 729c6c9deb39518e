import ArgumentParser
import Engine
import Language
import Reports

/// `drover state`.
struct StateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "Look at a stack's record, or make it again.",
        discussion: """
            The record is help, not truth: what is ours carries a mark on the servers. It knows which fields were \
            applied last, and what cannot carry a mark.

            EXAMPLES
              drover state show specs/quickstart
              drover state rebuild specs/quickstart
              drover state unlock 7 specs/quickstart
            """,
        subcommands: [StateShowCommand.self, StateRebuildCommand.self, StateUnlockCommand.self])
}

/// `drover state show`.
struct StateShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what the record holds.",
        discussion: """
            EXAMPLES
              drover state show specs/quickstart
              drover state show specs/quickstart --format json
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Option(help: "How it is written: text or json.")
    var format = OutputFormat.text

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false)
        let (record, place) = try await Session.withRecord(stack, server) { store in
            (try await store.load(), store.place)
        }
        let name = stack.workflow.stack
        switch format {
        case .text: Console.out(StateText.render(record, of: name, at: place))
        case .json: Console.out(try StateJSON.value(record, of: name, at: place).prettyJSON)
        }
    }
}
