import Kinds
import Language
import Wire

/// A web address that a spec names for a tool or a document.
struct NamedAddress {
    let url: Located<String>
    /// Whether what is exported asks it itself; an MCP server is asked by Llama Stack.
    let isAskedHere: Bool

    /// Those that cannot be meant in a cluster: there, as here, each process has a machine of its own under that name.
    static func warnings(in spec: Node) -> [Diagnostic] {
        all(in: spec).filter { ExportedServers.isOfOneMachine($0.url.value) }.map { .ofOneMachine($0.url) }
    }

    /// The hosts that the network policy lets nobody out to, in order.
    static func hosts(in spec: Node, beyond servers: ExportedServers) -> [String] {
        let asked = all(in: spec).filter(\.isAskedHere).map(\.url.value)
        let closed = asked.filter { !ExportedServers.isOfOneMachine($0) && !servers.areOpen(for: $0) }
        return Set(closed.map(ExportedServers.host)).sorted()
    }

    private static func all(in spec: Node) -> [NamedAddress] {
        Kinds.addressFields.flatMap { field in
            spec.all(at: field.path[...]).compactMap { node in
                node.string.map { NamedAddress(url: Located($0, at: node.range), isAskedHere: field.isAskedHere) }
            }
        }
    }
}

extension Node {
    /// What stands at a path in it.
    fileprivate func all(at path: ArraySlice<String>) -> [Node] {
        guard let key = path.first else { return [self] }
        let nodes: [Node] =
            switch content {
            case .sequence(let items): key == "*" ? items : []
            case .mapping(let entries): entries.filter { key == "*" || $0.key.isExactly(key) }.map(\.value)
            case .string, .null, .bool, .integer, .bigInteger, .number, .pending: []
            }
        return nodes.flatMap { $0.all(at: path.dropFirst()) }
    }
}

extension Diagnostic {
    fileprivate static func ofOneMachine(_ url: Located<String>) -> Diagnostic {
        Diagnostic(
            "address-in-export", "An address of this machine",
            detail: "`\(WebAddress.shown(url.value))` is another machine for whoever asks it in a cluster.",
            fix: "Give the address that holds there, such as by a variable that differs from place to place.",
            at: url.range, severity: .warning)
    }
}
