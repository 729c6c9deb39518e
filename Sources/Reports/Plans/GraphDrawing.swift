package import Engine
import Language

/// The graph of a workflow for other programs to draw, with the colour of what a plan does to each vertex.
package struct GraphDrawing: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        case dot, mermaid
    }

    private let graph: Graph
    private let name: String
    private let actions: [Address: Action]

    /// - Parameter plan: What will be done; nil where no server was asked.
    package init(_ workflow: Workflow, plan: Plan?) {
        let changes = plan?.changes.map { ($0.address, $0.action) } ?? []
        self.init(workflow.graph, name: workflow.stack.name, actions: Dictionary(changes) { first, _ in first })
    }

    package init(_ graph: Graph, name: String, actions: [Address: Action]) {
        self.graph = graph
        self.name = name
        self.actions = actions
    }

    package func render(_ format: Format) -> String {
        switch format {
        case .dot: dot
        case .mermaid: mermaid
        }
    }

    /// Declared things in their order, then what is removed.
    private var vertices: [Address] {
        let declared = Set(graph.addresses)
        return graph.addresses + actions.keys.filter { !declared.contains($0) }.sorted()
    }

    private var edges: [(from: Address, to: Address)] {
        graph.addresses.flatMap { address in
            (graph.dependencies(of: address) ?? []).sorted().map { (address, $0) }
        }
    }

    private var dot: String {
        let nodes = vertices.map { address in
            let action = actions[address] ?? .keep
            let label = action == .keep ? "\(address)" : "\(address)\\n\(action.rawValue)"
            return "  \(quoted(address.description)) [label=\(quoted(label)), color=\"\(action.colour)\"];"
        }
        let arrows = edges.map { "  \(quoted($0.from.description)) -> \(quoted($0.to.description));" }
        return
            (["digraph \(quoted(name)) {", "  rankdir=LR;", "  node [shape=box, style=rounded];"] + nodes + arrows + [
                "}"
            ])
            .joined(separator: "\n")
    }

    private var mermaid: String {
        let numbers = Dictionary(zip(vertices, 0...)) { first, _ in first }
        func id(_ address: Address) -> String { "n\(numbers[address] ?? 0)" }
        let nodes = vertices.map { address in
            let action = actions[address] ?? .keep
            let label = Printable.text(address.description).replacing("\"", with: "#quot;")
            let sign = action == .keep ? "" : " (\(action.rawValue))"
            return "  \(id(address))[\"\(label)\(sign)\"]\(action == .keep ? "" : ":::\(action.rawValue)")"
        }
        let arrows = edges.map { "  \(id($0.from)) --> \(id($0.to))" }
        let used = Set(actions.values).subtracting([.keep]).sorted { $0.rawValue < $1.rawValue }
        let classes = used.map { "  classDef \($0.rawValue) stroke:\($0.colour),stroke-width:2px;" }
        return (["flowchart LR"] + nodes + arrows + classes).joined(separator: "\n")
    }

    private func quoted(_ text: String) -> String {
        "\"\(Printable.text(text).replacing("\"", with: "\\\""))\""
    }
}

extension Action {
    fileprivate var colour: String {
        switch self {
        case .keep: "gray"
        case .adopt: "darkcyan"
        case .create: "green"
        case .update: "orange"
        case .replace, .delete: "red"
        case .forget: "purple"
        case .check: "teal"
        case .promote, .propose: "blue"
        }
    }
}
