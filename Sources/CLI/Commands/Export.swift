import ArgumentParser

/// `drover export`.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what runs a stack elsewhere: Kubernetes objects, or the build file of an image.",
        subcommands: [ExportKubernetesCommand.self, ExportDockerfileCommand.self])
}
