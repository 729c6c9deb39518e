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
        // Where the servers are, an option may say otherwise.
        (spec.entries ?? []).filter { !$0.key.isExactly("servers") }.flatMap { $0.value.addresses(isAskedHere: true) }
    }
}

extension Node {
    /// All web addresses that fields `url` in it hold.
    fileprivate func addresses(isAskedHere: Bool) -> [NamedAddress] {
        switch content {
        case .sequence(let nodes): nodes.flatMap { $0.addresses(isAskedHere: isAskedHere) }
        case .mapping(let entries):
            entries.flatMap { entry -> [NamedAddress] in
                let isAskedHere = isAskedHere && !entry.key.isExactly("mcp")
                guard entry.key.isExactly("url"), let text = entry.value.string else {
                    return entry.value.addresses(isAskedHere: isAskedHere)
                }
                guard text.hasPrefix("http://") || text.hasPrefix("https://") else { return [] }
                return [NamedAddress(url: Located(text, at: entry.value.range), isAskedHere: isAskedHere)]
            }
        case .string, .null, .bool, .integer, .bigInteger, .number, .pending: []
        }
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
