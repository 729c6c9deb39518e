import ArgumentParser
import Engine
import FoundationEssentials
import Language

/// `drover validate`.
struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a spec without contacting anything.",
        discussion: """
            Reports every mistake at once. Exit code 3 when there is one.

            EXAMPLES
              drover validate specs/quickstart
              drover validate base.yaml --overlay production.yaml --format sarif > report.sarif
            """)

    /// How mistakes are written.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, sarif
    }

    @OptionGroup var spec: SpecOptions

    @Option(help: "How mistakes are written: text, json or sarif.")
    var format = Format.text

    func run() async throws {
        do {
            let stack = try Stack.load(spec.paths, spec.variation)
            report(stack.warnings, stack.sources)
            guard format == .text else { return }
            let count = stack.workflow.declarations.count { $0.range != nil }
            Console.out("Valid: the stack \(stack.workflow.stack) declares \(count) things.")
        } catch let failure as CommandFailure {
            guard format != .text else { throw failure }
            report(failure.diagnostics, failure.sources)
            throw ExitCode(failure.exitCode)
        }
    }

    private func report(_ diagnostics: [Diagnostic], _ sources: SourceMap) {
        let renderer = DiagnosticRenderer(sources: sources, colors: false)
        switch format {
        case .text: Notices.write(diagnostics, sources, environment: ProcessInfo.processInfo.environment)
        case .json: Console.out(renderer.json(diagnostics).prettyJSON)
        case .sarif: Console.out(renderer.sarif(diagnostics, version: Version.text).prettyJSON)
        }
    }
}
