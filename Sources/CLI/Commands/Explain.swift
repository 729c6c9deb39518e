import ArgumentParser
import Engine
import Language

/// `drover explain`.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what a field of a spec is for.",
        discussion: """
            Names of declared things are left out of the path.

            EXAMPLES
              drover explain                                    all fields at the top
              drover explain agents.sampling.temperature
              drover explain suites.cases.expect
            """)

    @Argument(help: "Field names, joined by dots.")
    var path = ""

    func run() throws {
        Console.out(try Explanation.find(path, in: Stack.catalog.fields).text)
    }
}
