import ArgumentParser

@main
struct Drover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "drover", subcommands: [LabCommand.self])
}
