import ArgumentParser
import Engine
import FoundationEssentials
import Language

/// `drover render`.
struct RenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Print a spec as it is after files, overlays and variables.",
        discussion: """
            One canonical document that says the same by itself, and renders to itself. Secrets are never in it, only \
            the names of their environment variables and files. Paths are relative to the directory of the first path.

            EXAMPLES
              drover render specs/quickstart
              drover render base.yaml --overlay production.yaml --origin
              drover render specs/quickstart --format json
            """)

    /// The output format of a spec.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case yaml, json
    }

    @OptionGroup var spec: SpecOptions

    @Option(help: "How the spec is written: yaml or json.")
    var format = Format.yaml

    @Flag(help: "Say for each value which file and line it came from.")
    var origin = false

    func run() throws {
        let stack = try Stack.load(spec.paths, spec.variation)
        Notices.write(stack.warnings, stack.sources, environment: stack.environment)
        let rendered = stack.rendered
        switch format {
        case .yaml: Console.stream(YAMLWriter.write(rendered) { origin ? stack.sources.line($0) : nil })
        case .json: Console.out(json(rendered, stack.sources).prettyJSON)
        }
    }

    private func json(_ rendered: Node, _ sources: SourceMap) -> Value {
        let value = rendered.asData
        guard origin else { return value }
        let places = rendered.leaves().map { ($0.path, Value.string(sources.line($0.range))) }
        return ["spec": value, "origin": .object(Dictionary(places) { first, _ in first })]
    }
}

extension Stack {
    /// The spec as it is after files, overlays and variables. Secrets are references in it.
    var rendered: Node {
        Self.rendered(root, in: folder)
    }
}

extension Node {
    /// A rendered spec as data.
    var asData: Value {
        var ignored = Problems()  // A rendered spec has no pending values.
        return value(&ignored)
    }
}

extension SourceMap {
    /// `specs/helpdesk.yaml:14`.
    fileprivate func line(_ range: SourceRange) -> String {
        "\(self[range.source].path):\(range.start.line)"
    }
}
