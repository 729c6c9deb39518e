import ArgumentParser
import Engine
import Reports

/// `drover graph`.
struct GraphCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draw what is declared and what it needs, coloured by what an apply would do.",
        discussion: """
            EXAMPLES
              drover graph specs/quickstart | dot -Tsvg > graph.svg
              drover graph specs/quickstart --format mermaid
              drover graph specs/quickstart --offline         without colours; no server is contacted
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Option(help: "How it is written: dot or mermaid.")
    var format = GraphDrawing.Format.dot

    @Flag(help: "Draw only what is declared; contact no server.")
    var offline = false

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced()
        guard !offline else { return Console.out(GraphDrawing(stack.workflow, plan: nil).render(format)) }
        let format = format
        try await Session.open(stack, server) { session in
            let deployment = try await Deployment.plan(
                session, session.workflow, Permissions(adopt: true, looksAtFirst: true), withholding: .blocked)
            Console.out(GraphDrawing(session.workflow, plan: deployment.plan).render(format))
        }
    }
}

extension GraphDrawing.Format: ExpressibleByArgument {}
