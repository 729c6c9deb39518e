package import Language

/// The declared things and what each depends on. Acyclic by construction.
package struct Graph: Sendable {
    /// In the order of the declarations.
    package let addresses: [Address]
    /// What each address needs first.
    package let dependencies: [Address: Set<Address>]

    private init() {
        addresses = []
        dependencies = [:]
    }

    /// The graph of nothing.
    static let empty = Graph()

    /// Builds a graph from addresses and the mentions of others among them.
    /// - Throws: `Diagnostics` with every cycle.
    package init(_ addresses: [Address], uses: [Address: [Use]]) throws(Diagnostics) {
        let known = Set(addresses)
        self.addresses = addresses
        dependencies = uses.mapValues { Set($0.map(\.address)).intersection(known) }
        let cycles = findCycles()
        guard cycles.isEmpty else { throw Diagnostics(cycles.map { Diagnostic.cycle($0, uses: uses) }) }
    }

    /// Everything that needs an address, directly or not.
    package func dependents(of address: Address) -> Set<Address> {
        var found: Set<Address> = []
        var open = [address]
        while let next = open.popLast() {
            for (candidate, needs) in dependencies where needs.contains(next) && found.insert(candidate).inserted {
                open.append(candidate)
            }
        }
        return found
    }

    /// The addresses in an order in which each stands after all that it depends on; otherwise as declared.
    package var ordered: [Address] {
        let places = Dictionary(uniqueKeysWithValues: zip(addresses, addresses.indices))
        var done: Set<Address> = []
        var result: [Address] = []
        func visit(_ address: Address) {
            guard done.insert(address).inserted else { return }
            let needs = (dependencies[address] ?? []).sorted { (places[$0] ?? 0) < (places[$1] ?? 0) }
            needs.forEach(visit)
            result.append(address)
        }
        addresses.forEach(visit)
        return result
    }

    private func findCycles() -> [[Address]] {
        var finished: Set<Address> = []
        var cycles: [[Address]] = []
        func visit(_ address: Address, _ path: [Address]) {
            if let start = path.firstIndex(of: address) {
                cycles.append(Array(path[start...]))
                return
            }
            guard !finished.contains(address) else { return }
            for need in (dependencies[address] ?? []).sorted() { visit(need, path + [address]) }
            finished.insert(address)
        }
        for address in addresses { visit(address, []) }
        return cycles
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
