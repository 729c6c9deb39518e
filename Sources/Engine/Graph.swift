package import Language

/// The declared things and what each depends on. Acyclic by construction.
package struct Graph: Sendable {
    /// In the order of the declarations.
    package let addresses: [Address]
    /// What each address needs first.
    package let dependencies: [Address: Set<Address>]
    /// The addresses in an order in which each stands after all that it depends on; otherwise as declared.
    package let ordered: [Address]
    /// What needs each address itself, in the order of `ordered`.
    let direct: [Address: [Address]]

    private init() {
        addresses = []
        dependencies = [:]
        ordered = []
        direct = [:]
    }

    /// The graph of nothing.
    static let empty = Graph()

    /// Builds a graph from addresses and the mentions of others among them.
    /// - Throws: `Diagnostics` with every cycle.
    package init(_ addresses: [Address], uses: [Address: [Use]]) throws(Diagnostics) {
        let places = Dictionary(zip(addresses, addresses.indices)) { first, _ in first }
        var search = DepthFirst()
        for address in addresses {
            search.needs[address] = Set((uses[address] ?? []).map(\.address)).filter { places[$0] != nil }
                .sorted { places[$0, default: 0] < places[$1, default: 0] }
        }
        for address in addresses { search.visit(address) }
        guard search.cycles.isEmpty else { throw Diagnostics(search.cycles.map { .cycle($0, uses: uses) }) }
        self.addresses = addresses
        dependencies = search.needs.mapValues { Set($0) }
        ordered = search.order
        var direct: [Address: [Address]] = [:]
        for address in search.order {
            for need in search.needs[address] ?? [] { direct[need, default: []].append(address) }
        }
        self.direct = direct
    }

    /// Everything that needs an address, directly or not.
    package func dependents(of address: Address) -> Set<Address> {
        var found: Set<Address> = []
        var open = [address]
        while let next = open.popLast() {
            for candidate in direct[next] ?? [] where found.insert(candidate).inserted { open.append(candidate) }
        }
        return found
    }
}

/// Goes through what each address needs, and through each address once.
private struct DepthFirst {
    var needs: [Address: [Address]] = [:]
    /// Every address after what it needs.
    private(set) var order: [Address] = []
    /// Each from one of its addresses to the last that needs the first again.
    private(set) var cycles: [[Address]] = []
    private var path: [Address] = []
    private var places: [Address: Int] = [:]
    private var finished: Set<Address> = []

    mutating func visit(_ address: Address) {
        if let start = places[address] { return cycles.append(Array(path[start...])) }
        guard !finished.contains(address) else { return }
        places[address] = path.count
        path.append(address)
        for need in needs[address] ?? [] { visit(need) }
        path.removeLast()
        places[address] = nil
        finished.insert(address)
        order.append(address)
    }
}

extension Diagnostic {
    fileprivate static func cycle(_ cycle: [Address], uses: [Address: [Use]]) -> Diagnostic {
        let closed = cycle + cycle.prefix(1)
        let steps = zip(closed, closed.dropFirst()).map { from, to in
            Diagnostic.Note("`\(from)` needs `\(to)`", at: uses[from]?.first { $0.address == to }?.range)
        }
        return Diagnostic(
            "cycle", "Circular dependency",
            detail: "These need each other, so none can be first: "
                + closed.map { "`\($0)`" }.joined(separator: " → ") + ".",
            fix: "Remove one of these mentions.", at: steps.first?.subject, notes: Array(steps.dropFirst()))
    }
}
