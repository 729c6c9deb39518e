import ArgumentParser

/// `drover state`.
struct StateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "What drover keeps about a stack.",
        subcommands: [StateUnlockCommand.self])
}
