import ArgumentParser
import Engine
import FoundationEssentials
import Language

/// The program.
@main
struct Drover: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "drover",
            abstract: "Agents as infrastructure-as-code: plan, apply, test.",
            discussion: """
                EXAMPLES
                  drover lab up                             real MLflow and OGX servers on this machine
                  drover up specs/quickstart                apply a stack, then try its suites
                  drover plan specs/quickstart              what would change
                  drover invoke support "Do you ship abroad?" --spec specs/quickstart

                Every option is also an environment variable: DROVER_MLFLOW_URL is --mlflow-url, DROVER_YES=1 is --yes, and \
                one that may be repeated has a value in each line. What stands on the command line counts more.
                """,
            version: hasOwnVersion(Array(CommandLine.arguments.dropFirst())) ? "" : Version.text,
            subcommands: [
                ValidateCommand.self, DoctorCommand.self, PlanCommand.self, ShowCommand.self, GraphCommand.self,
                DriftCommand.self, ApplyCommand.self, UpCommand.self,
                TestCommand.self, ReportCommand.self, JudgeCommand.self,
                DestroyCommand.self, HistoryCommand.self, RollbackCommand.self, ApproveCommand.self, StateCommand.self,
                OutputCommand.self, ExportCommand.self,
                ImportCommand.self, InvokeCommand.self, ServeCommand.self, InitCommand.self, RenderCommand.self,
                ExplainCommand.self, SchemaCommand.self, LabCommand.self, CompletionsCommand.self,
            ])
    }

    /// Whether the words choose a command for which `--version` is that of something else: its help shows only this one.
    static func hasOwnVersion(_ words: [String]) -> Bool {
        words.drop { $0 == "help" }.first == ApproveCommand.configuration.commandName
    }

    /// `test` takes paths, so that for the parser a word after it is one and not a subcommand.
    private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
        guard arguments.starts(with: ["test", "bless"]) else { return try parseAsRoot(arguments) }
        return try TestBlessCommand.parseAsRoot(Array(arguments.dropFirst(2)))
    }

    static func main() async {
        Interruption.listen()
        OpenFiles.allowMost()
        do {
            guard WorkingDirectory.isThere else { throw Diagnostic.noWorkingDirectory }
            let words = Array(CommandLine.arguments.dropFirst())
            CopiedCommand.begin(words)
            let arguments = try EnvironmentArguments(ProcessInfo.processInfo.environment).adding(to: words)
            var command = try parsed(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            if let problem = Console.outputProblem { throw problem }
            EventOutput.end(0)
        } catch let failure as CommandFailure {
            EventOutput.end(failure.exitStatus.code.rawValue, failure.diagnostics, in: failure.sources)
            Notices.write(failure.diagnostics, failure.sources, environment: ProcessInfo.processInfo.environment)
            exit(withError: failure.exitStatus.code)
        } catch let error where error is Diagnostic || error is Diagnostics || error is any Diagnosable {
            let all = (error as? Diagnostics)?.all ?? [Diagnostic.from(error, at: nil)]
            let failure = CommandFailure(diagnostics: all, sources: SourceMap())
            EventOutput.end(failure.exitStatus.code.rawValue, all)
            Notices.write(all, failure.sources, environment: ProcessInfo.processInfo.environment)
            exit(withError: failure.exitStatus.code)
        } catch is CancellationError {
            EventOutput.end(Interruption.exitCode ?? 130)
            exit(withError: ExitCode(Interruption.exitCode ?? 130))
        } catch {
            if let code = error as? ExitCode { EventOutput.end(code.rawValue) }
            Notices.write(
                [Console.outputProblem].compactMap(\.self), SourceMap(),
                environment: ProcessInfo.processInfo.environment)
            let message = fullMessage(for: error)
            let told = UnknownOption.told(message)
            guard told == message else {
                Console.note(told)
                exit(withError: exitCode(for: error))
            }
            exit(withError: error)
        }
    }
}
