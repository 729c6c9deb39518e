/// The part of a workflow that is visited. The workflow itself stays complete: from a smaller one, the rest would look
/// removed from the spec, and would be deleted.
package struct Scope: Sendable, Hashable {
    /// What is removed of what left the spec.
    private enum Removals: Hashable, Sendable {
        case all, none
        case only([AddressPattern], but: [AddressPattern], needed: Set<Address>)
        case allBut([AddressPattern], needed: Set<Address>)
    }

    /// nil for everything.
    private let addresses: Set<Address>?
    private let removals: Removals
    /// What comes along because a target needs it, in the order of the declarations.
    package let companions: [Address]
    /// What is left out because it needs what is excluded, in the order of the declarations.
    package let leftOut: [Address]

    /// Everything that is declared, and everything that was removed from the spec.
    package static let everything = Scope(addresses: nil, removals: .all)

    private init(
        addresses: Set<Address>?, removals: Removals, companions: [Address] = [], leftOut: [Address] = []
    ) {
        self.addresses = addresses
        self.removals = removals
        self.companions = companions
        self.leftOut = leftOut
    }

    /// Some addresses, with all their transitive dependencies; nothing is removed.
    package init(closing addresses: Set<Address>, in graph: Graph) {
        self.init(addresses: graph.closure(of: addresses), removals: .none)
    }

    /// The part of a workflow that a selection leaves.
    package init(_ selection: Selection, of workflow: Workflow) {
        self.init(selection, in: workflow.graph, before: workflow.formerGraph, moves: workflow.moves)
    }

    /// The part of a graph that a selection leaves. It is closed: what is visited needs nothing outside of it.
    /// - Parameters:
    ///   - former: What the spec declares of a stack that is destroyed: what is excluded keeps what it needs.
    ///   - moves: The former addresses of what has another one now: as long as an object has its former one, either is meant.
    package init(
        _ selection: Selection, in graph: Graph, before former: Graph = .empty, moves: [Address: Address] = [:]
    ) {
        guard !selection.targets.isEmpty || !selection.excluded.isEmpty else {
            self.init(addresses: nil, removals: selection.prunes ? .all : .none)
            return
        }
        let named = graph.addresses.filter { address in selection.excluded.contains { $0.selects(address, moves) } }
        let kept = selection.excluded + Self.formerly(selection.excluded, in: former, moves)
        let needed = Self.needed(by: selection.excluded, in: former, moves)
        let excluded = named.reduce(into: Set(named)) { $0.formUnion(graph.dependents(of: $1)) }
        let leftOut = graph.addresses.filter { excluded.contains($0) && !named.contains($0) }
        guard !selection.targets.isEmpty else {
            let isWhole = excluded.isEmpty
            self.init(
                addresses: isWhole ? nil : Set(graph.addresses).subtracting(excluded),
                // What is not visited may still use what left the spec.
                removals: isWhole && selection.prunes
                    ? .allBut(kept, needed: needed) : .none,
                leftOut: leftOut)
            return
        }
        let targets = graph.addresses.filter { address in selection.targets.contains { $0.selects(address, moves) } }
        let chosen = Set(targets).subtracting(excluded)
        let visited = graph.closure(of: chosen)
        self.init(
            addresses: visited,
            removals: selection.prunes
                ? .only(
                    selection.targets + Self.formerly(selection.targets, in: former, moves), but: kept,
                    needed: needed) : .none,
            companions: graph.addresses.filter { visited.contains($0) && !chosen.contains($0) },
            leftOut: leftOut.filter(Set(targets).contains))
    }

    private static func needed(
        by patterns: [AddressPattern], in graph: Graph, _ moves: [Address: Address]
    ) -> Set<Address> {
        let named = graph.addresses.filter { address in patterns.contains { $0.selects(address, moves) } }
        let closed = graph.closure(of: Set(named))
        return closed.union(closed.compactMap { moves[$0] })
    }

    /// What patterns name by the address that it has now, as it was called before.
    private static func formerly(
        _ patterns: [AddressPattern], in graph: Graph, _ moves: [Address: Address]
    ) -> [AddressPattern] {
        let named = graph.addresses.filter { address in patterns.contains { $0.matches(address) } }
        return named.compactMap { moves[$0] }.map { AddressPattern($0.description) }
    }

    /// The same without some addresses, and all that needs them; what is removed stays the same.
    package func withholding(_ withheld: Set<Address>, of graph: Graph) -> Scope {
        guard !withheld.isEmpty else { return self }
        let kept = graph.addresses.filter { contains($0) && !withheld.contains($0) }
        return Scope(addresses: Set(kept), removals: removals, companions: companions, leftOut: leftOut)
    }

    /// Whether nothing is left out.
    package var isEverything: Bool { addresses == nil && removals == .all }

    package func contains(_ address: Address) -> Bool {
        addresses?.contains(address) ?? true
    }

    /// Whether something of ours that is not declared is removed. What a replacement left behind of something that is
    /// visited belongs to it.
    func removes(_ member: Member) -> Bool {
        if member.isStale, contains(member.address) { return true }
        switch removals {
        case .all: return true
        case .none: return false
        case .only(let patterns, let excluded, let needed):
            return patterns.contains { $0.matches(member.address) } && !needed.contains(member.address)
                && !excluded.contains { $0.matches(member.address) }
        case .allBut(let patterns, let needed):
            return !needed.contains(member.address) && !patterns.contains { $0.matches(member.address) }
        }
    }
}
