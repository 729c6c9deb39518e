package import Language

/// The declarations, and what each depends on. Acyclic by construction.
package struct Graph: Sendable {
    /// In the order of the declarations.
    package let addresses: [Address]
    /// The addresses in topological order: each after everything that it depends on, otherwise as declared.
    package let ordered: [Address]
    /// The index of each address in `addresses`; edges use these indices.
    private let places: [Address: Int]
    private let needs: Edges
    private let needed: Edges

    private init() {
        addresses = []
        ordered = []
        places = [:]
        needs = Edges()
        needed = Edges()
    }

    /// The empty graph.
    static let empty = Graph()

    /// Builds a graph from addresses and the references of each, in the same order.
    /// - Throws: `Diagnostics` with every cycle.
    package init(_ addresses: [Address], uses: [[Use]]) throws(Diagnostics) {
        precondition(addresses.count == uses.count, "Each address comes with its mentions.")
        let places = Dictionary(zip(addresses, addresses.indices)) { first, _ in first }
        var needs = Edges()
        for uses in uses { needs.append(uses.lazy.compactMap { places[$0.address] }) }
        let search = DepthFirst(needs)
        guard search.cycles.isEmpty else {
            throw Diagnostics(search.cycles.map { .cycle($0, of: addresses, uses: uses) })
        }
        self.addresses = addresses
        self.places = places
        self.needs = needs
        ordered = search.order.map { addresses[$0] }
        needed = needs.reversed(inOrder: search.order)
    }

    /// The direct dependencies of an address; nil when it is not in the graph.
    package func dependencies(of address: Address) -> Set<Address>? {
        places[address].map { Set(needs[$0].lazy.map { addresses[$0] }) }
    }

    /// The direct dependents of an address, in the order of `ordered`.
    func direct(_ address: Address) -> [Address] {
        places[address].map { needed[$0].map { addresses[$0] } } ?? []
    }

    /// Addresses with all their transitive dependencies; unknown addresses are left out.
    package func closure(of addresses: Set<Address>) -> Set<Address> {
        var open = addresses.compactMap { places[$0] }
        var found = Set(open)
        while let next = open.popLast() {
            for need in needs[next] where found.insert(need).inserted { open.append(need) }
        }
        return Set(found.lazy.map { self.addresses[$0] })
    }

    /// All transitive dependents of an address.
    package func dependents(of address: Address) -> Set<Address> {
        var found: Set<Int> = []
        var open = places[address].map { [$0] } ?? []
        while let next = open.popLast() {
            for candidate in needed[next] where found.insert(candidate).inserted { open.append(candidate) }
        }
        return Set(found.lazy.map { addresses[$0] })
    }
}

/// For each index, a list of indices, all in one array, so that a large graph needs no separate lists.
private struct Edges: Sendable {
    private var starts = [0]
    private var targets: [Int] = []

    var count: Int { starts.count - 1 }

    subscript(place: Int) -> ArraySlice<Int> {
        targets[starts[place]..<starts[place + 1]]
    }

    /// Adds the list of the next index, sorted and without duplicates.
    mutating func append(_ list: some Sequence<Int>) {
        let start = targets.count
        targets.append(contentsOf: list)
        targets[start...].sort()
        var end = start
        for index in targets[start...].indices where index == start || targets[index] != targets[end - 1] {
            targets[end] = targets[index]
            end += 1
        }
        targets.removeLast(targets.count - end)
        starts.append(end)
    }

    /// The reversed edges, each list in a given order of the indices.
    func reversed(inOrder order: [Int]) -> Edges {
        var result = Edges()
        result.starts = [Int](repeating: 0, count: starts.count)
        for target in targets { result.starts[target + 1] += 1 }
        for place in 0..<count { result.starts[place + 1] += result.starts[place] }
        var next = result.starts
        result.targets = [Int](repeating: 0, count: targets.count)
        for place in order {
            for target in self[place] {
                result.targets[next[target]] = place
                next[target] += 1
            }
        }
        return result
    }
}

/// A depth-first search that visits each index once, without recursion, because chains may be long.
private struct DepthFirst {
    private enum State {
        case new, open, finished
    }

    /// The maximum number of cycles to report: a dense graph has more than anyone would read.
    private static let most = 100

    /// The indices in topological order.
    private(set) var order: [Int] = []
    /// Each cycle from one of its indices to the last one, which depends on the first.
    private(set) var cycles: [[Int]] = []
    private let needs: Edges
    private var states: [State]
    /// The indices on the current path, each with its remaining dependencies.
    private var path: [(place: Int, rest: ArraySlice<Int>)] = []

    init(_ needs: Edges) {
        self.needs = needs
        states = [State](repeating: .new, count: needs.count)
        order.reserveCapacity(needs.count)
        for place in 0..<needs.count where states[place] == .new { visit(place) }
    }

    private mutating func visit(_ first: Int) {
        open(first)
        while let last = path.indices.last {
            guard let need = path[last].rest.popFirst() else {
                let place = path.removeLast().place
                states[place] = .finished
                order.append(place)
                continue
            }
            switch states[need] {
            case .new: open(need)
            case .open: if cycles.count < Self.most { cycles.append(cycle(from: need)) }
            case .finished: continue
            }
        }
    }

    private mutating func open(_ place: Int) {
        states[place] = .open
        path.append((place, needs[place]))
    }

    private func cycle(from place: Int) -> [Int] {
        path.drop { $0.place != place }.map(\.place)
    }
}

extension Diagnostic {
    fileprivate static func cycle(_ cycle: [Int], of addresses: [Address], uses: [[Use]]) -> Diagnostic {
        let closed = cycle + cycle.prefix(1)
        let steps = zip(closed, closed.dropFirst()).map { from, to in
            Diagnostic.Note(
                "`\(addresses[from])` needs `\(addresses[to])`",
                at: uses[from].first { $0.address == addresses[to] }?.range)
        }
        return Diagnostic(
            "cycle", "Circular dependency",
            detail: "These need each other, so none can be first: "
                + closed.map { "`\(addresses[$0])`" }.joined(separator: " → ") + ".",
            fix: "Remove one of these mentions.", at: steps.first?.subject, notes: Array(steps.dropFirst()))
    }
}
