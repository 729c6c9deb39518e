import ArgumentParser
import Engine
import FoundationEssentials
import Language
import Reports

/// `drover plan`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what would change, against the live servers.",
        discussion: """
            EXAMPLES
              drover plan specs/quickstart
              drover plan specs/quickstart --exit-code        exit code 2 when something would change
              drover plan specs/quickstart --format json
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Flag(help: "End with code 2 when something would change.")
    var exitCode = false

    @Flag(help: "Plan to adopt objects that have a wanted name, but not drover's mark.")
    var adopt = false

    @Flag(help: "Plan to take objects over from another stack.")
    var takeOver = false

    @Flag(help: "Plan also when the spec declares nothing.")
    var allowEmpty = false

    @Option(help: "How the plan is written: text or json.")
    var format = OutputFormat.text

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced()
        let permissions = Permissions(adopt: adopt, takeOver: takeOver, allowEmpty: allowEmpty)
        let suites = try stack.suites()
        let format = format
        let isEmpty = try await Session.open(stack, server) { session in
            let deployment = try await Deployment.plan(session, session.workflow, permissions, suites: suites)
            switch format {
            case .text: deployment.show(stack)
            case .json:
                let json = try PlanJSON.value(
                    deployment.plan, servers: session.locations, endangered: deployment.endangered,
                    requests: session.requestCount)
                Console.out(json.prettyJSON)
                deployment.tellWarnings(stack)
            }
            return deployment.plan.isEmpty
        }
        if exitCode, !isEmpty { throw ExitStatus.changes.code }
    }
}
