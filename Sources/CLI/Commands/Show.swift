import ArgumentParser
import Engine
import FoundationEssentials
import Language
import Reports

/// `drover show`.
struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a saved plan; no server is contacted.",
        discussion: """
            EXAMPLES
              drover plan specs/quickstart --out plan.json
              drover show plan.json
              drover show plan.json --format markdown         for a pull request
              drover apply plan.json
            """)

    @Argument(help: "A file that `drover plan --out FILE` wrote.")
    var plan: String

    @Option(help: "How the plan is written: text, json or markdown.")
    var format = PlanFormat.text

    func run() throws {
        let saved = try SavedPlan.open(plan)
        let colors = Console.colors(ProcessInfo.processInfo.environment)
        var plan = saved.plan
        if format == .markdown { plan.warnings = saved.warnings.map(Diagnostic.warned) }
        let text = try format.render(
            plan, servers: saved.locations, endangered: saved.endangered, requests: nil, colors: colors)
        Console.out(text)
        for warning in saved.warnings { Console.note("warning: \(warning)") }
    }
}

extension Diagnostic {
    /// A warning of which a saved plan holds the words.
    fileprivate static func warned(_ words: String) -> Diagnostic {
        Diagnostic("warned", "A warning of when it was planned", detail: words, fix: "", severity: .warning)
    }
}
