import ArgumentParser
import Engine
import Reports
import Suites

/// `drover up`.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Apply a spec, then run its suites.",
        discussion: """
            EXAMPLES
              drover up specs/quickstart
              drover up specs/quickstart --yes --report junit=results.xml
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var suite: SuiteOptions

    func run() async throws {
        change.announce()
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced()
        let change = change
        let testRun =
            try stack.suites().isEmpty
            ? nil : try stack.telling { try TestRun(stack, suite, allowsPrograms: change.gates.allowExec) }
        let run = try await Session.open(
            stack, server, concurrency: max(change.parallelism, suite.concurrency)
        ) { session in
            guard try await Deployment.bring(session, stack, change, command: "up"), let testRun else {
                return Optional<Run>.none
            }
            Console.out("")
            // What was listed before the apply counts no more.
            return try await testRun.run(in: try await session.refreshed())
        }
        if let run { try testRun?.end(with: run) }
    }
}
