import ArgumentParser
import Lab

/// `drover lab model`: what `lab up` runs in the background as the scripted model.
struct LabModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Serve the scripted model in the foreground.", shouldDisplay: false)

    @Option(help: "Port of 127.0.0.1.")
    var port: Int

    @Option(help: "File with the answers.")
    var script: String?

    func run() async throws {
        if let script { try LabFailure.check(script) }
        try await LabFailure.printed {
            try await ScriptedModel(script: script).serve(port: port)
        }
    }
}

/// `drover lab mcp`: what `lab up` runs in the background as the MCP server.
struct LabMCP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp", abstract: "Serve the support desk's tools in the foreground.", shouldDisplay: false)

    @Option(help: "Port of 127.0.0.1.")
    var port: Int

    func run() async throws {
        try await DeskServer().serve(port: port)
    }
}
