import ArgumentParser
import FoundationEssentials
import Language
import Reports

/// `drover doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look whether the servers have what a spec needs.",
        discussion: """
            Shows which servers answer, what their generation offers, and whether everything that the spec declares is \
            there or can be made: models, embeddings, shields, the tools of MCP servers, what carries out functions, the \
            right to change things. Nothing is changed. Without a spec only the servers are looked at.

            Exit code 0: everything is there; 10: something is not; 1: that could not be found out.

            EXAMPLES
              drover doctor specs/helpdesk
              drover doctor specs/helpdesk --llamastack-url http://stack:8321 --format json
              drover doctor --lab old
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Option(help: "How the result is written: text or json.")
    var format = OutputFormat.text

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let stack =
            try spec.isThere
            ? Stack.load(spec.paths, spec.variation, lab: server.lab)
            : Stack.bare(spec.variation, lab: server.lab)
        let notices = stack.warnings
        let hasSpec = spec.isThere
        let examination = Examination(stack, server, hasSpec: hasSpec)
        let report = try await stack.telling {
            try await Interruption.cancelling { try await examination.report() }
        }
        // What the report tells is not told twice.
        let found = report.diagnostics
        let others = notices.filter { notice in
            !found.contains { ($0.code, $0.subject) == (notice.code, notice.subject) }
        }
        Notices.write(others, stack.sources, environment: environment)
        switch format {
        case .text: Console.out(DoctorText(colors: Console.colors(environment)).render(report, stack.sources))
        case .json: Console.out(DoctorJSON.value(report, stack.sources).prettyJSON)
        }
        if let cause = report.cause { throw ExitStatus(cause).code }
    }
}

extension SpecOptions {
    /// Whether a spec was named, or there is one in this directory.
    fileprivate var isThere: Bool {
        !paths.isEmpty || SpecFiles.areThere(in: FileManager.default.currentDirectoryPath)
    }
}
