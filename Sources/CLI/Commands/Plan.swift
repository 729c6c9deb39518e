import ArgumentParser
import Engine
import FoundationEssentials
import Glibc
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
              drover plan specs/quickstart --out plan.json    save it, for `drover apply plan.json`
              drover plan specs/quickstart --format markdown  for a pull request
              drover plan specs/quickstart --target agents    only agents, with what they need
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var part: SelectionOptions
    @OptionGroup var pace: PaceOptions

    @Flag(help: "End with code 2 when something would change.")
    var exitCode = false

    @Flag(help: "Plan to adopt objects that have a wanted name, but not drover's mark.")
    var adopt = false

    @Flag(help: "Plan to take objects over from another stack.")
    var takeOver = false

    @Flag(help: "Plan also when the spec declares nothing.")
    var allowEmpty = false

    @Flag(help: "Plan to remove what the stack has on the servers.")
    var destroy = false

    @Flag(help: "Plan to go on from where somebody else moved an alias.")
    var acceptAlias = false

    @Option(help: "Save the plan in this file; `-` is standard output, which then holds nothing else.")
    var out: String?

    @Option(help: "How the plan is written: text, json or markdown.")
    var format = PlanFormat.text

    func run() async throws {
        if out == "-" {
            Console.keepOutputForReports()
        } else if let out {
            try SavedPlan.check(placeFor: out)
            try ReportFile(out, of: .plan).check()
        }
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: !destroy).announced()
        let permissions = Permissions(
            adopt: adopt, takeOver: takeOver, allowEmpty: allowEmpty || destroy, acceptAlias: acceptAlias)
        let suites = destroy ? [] : try stack.suites()
        let (format, destroy, selection) = (format, destroy, part.selection)
        let (out, sources) = (out, Inputs.Sources(spec))
        let isEmpty = try await Session.open(stack, server, concurrency: pace.parallelism) { session in
            let deployment =
                destroy
                ? try await Deployment.destroying(session, permissions, selection)
                : try await Deployment.plan(
                    session, session.workflow, permissions, selection, suites: suites,
                    withholding: Withholding(permissions))
            try deployment.write(stack, format)
            if let out { try await deployment.save(stack, sources, destroys: destroy, to: out) }
            return deployment.plan.isEmpty
        }
        if exitCode, !isEmpty { throw ExitStatus.changes.code }
    }
}

extension Deployment {
    /// Writes the plan and its warnings.
    fileprivate func write(_ stack: Stack, _ format: PlanFormat) throws {
        let text = try format.render(
            plan, servers: session.locations, endangered: endangered, requests: session.requestCount,
            colors: Console.colors(stack.environment))
        Console.out(text)
        tellWarnings(stack)
    }

    fileprivate func save(
        _ stack: Stack, _ sources: Inputs.Sources, destroys: Bool, to path: String
    ) async throws {
        let saved = SavedPlan(
            plan, drover: Version.text, destroys: destroys,
            inputs: Inputs(stack, sources, self, servers: try await session.plannedServers),
            endangered: endangered)
        guard path != "-" else { return Console.write(try saved.json, to: STDOUT_FILENO) }
        try saved.write(to: path)
        Console.note("Saved the plan: apply exactly this with `drover apply \(CopiedCommand.quoted(path))`.")
        // What is read once is needed again, for the plan is verified with the spec as it is then.
        for source in sources.paths where source == "-" || FileBytes.isPipe(source) {
            let place = source == "-" ? "on standard input" : "from `\(source)`"
            Console.note("The spec came \(place): `drover apply` reads the same one there again.")
        }
    }
}
