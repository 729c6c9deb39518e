import ArgumentParser
import Engine
import Reports

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
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced(tryingSuites: true)
        let trial = try stack.suites().isEmpty ? nil : try stack.telling { try Trial(stack, suite) }
        let change = change
        let run = try await Session.open(stack, server) { session in
            guard try await Deployment.bring(session, stack, change, command: "up"), let trial else {
                return Optional<Run>.none
            }
            Console.out("")
            return try await trial.run(in: session)
        }
        if let run { try trial?.end(with: run) }
    }
}
