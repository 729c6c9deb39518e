import ArgumentParser
import Engine
import Reports

/// `drover drift`.
struct DriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift",
        abstract: "Show what was changed or deleted on the servers since the last apply.",
        discussion: """
            Ends with code 2 when there is something. What the spec changed since is left out: `drover plan` shows both.

            EXAMPLES
              drover drift specs/quickstart                   for a nightly job
              drover drift specs/quickstart --format json
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Option(help: "How it is written: text, json or markdown.")
    var format = PlanFormat.text

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced()
        let format = format
        let isEmpty = try await Session.open(stack, server) { session in
            let deployment = try await Deployment.plan(session, session.workflow, Permissions(adopt: true))
            let drift = deployment.plan.drift
            guard !drift.isEmpty || format != .text else {
                Console.out("No drift: what was applied to the stack \(drift.stack) is as it was left.")
                return true
            }
            Console.out(
                try format.render(
                    drift, servers: session.locations, endangered: [], requests: session.requestCount,
                    colors: Console.colors(stack.environment)))
            return drift.isEmpty
        }
        if !isEmpty { throw ExitStatus.changes.code }
    }
}
