extension Graph {
    /// Visits each vertex after all that it depends on, at most `limit` at a time.
    ///
    /// A failure skips what depends on it, and nothing else. The caller of `visit` is the only writer of outcomes: each
    /// visit gets the results of its direct dependencies and returns its own. Once `mayStart` returns false, nothing
    /// new starts. What is outside of the scope, which is closed, is not visited and has no outcome.
    package func walk<Success: Sendable>(
        limit: Int,
        within scope: Scope = .everything,
        mayStart: @escaping @Sendable () -> Bool = { true },
        visit: @escaping @Sendable (Address, [Address: Success]) async -> Outcome<Success>
    ) async -> [Address: Outcome<Success>] {
        precondition(limit > 0, "A walk needs room for one visit.")
        return await withTaskGroup(of: (Address, Outcome<Success>).self) { group in
            var walk = Walk<Success>(self, within: scope)
            var running = 0
            func startReady() {
                while running < limit, let address = walk.next() {
                    if let cause = walk.blocker(of: address) {
                        walk.settle(address, cause)
                    } else if !mayStart() {
                        walk.settle(address, .interrupted)
                    } else {
                        running += 1
                        let needed = walk.results(for: address)
                        group.addTask { (address, await visit(address, needed)) }
                    }
                }
            }
            startReady()
            while let (address, outcome) = await group.next() {
                running -= 1
                walk.settle(address, outcome)
                startReady()
            }
            return walk.outcomes
        }
    }
}

/// The progress of a walk.
private struct Walk<Success: Sendable> {
    private let graph: Graph
    private(set) var outcomes: [Address: Outcome<Success>] = [:]
    /// The number of its dependencies without an outcome yet.
    private var missing: [Address: Int]
    private var ready: [Address]
    private var begun = 0

    init(_ graph: Graph, within scope: Scope) {
        self.graph = graph
        let counts = graph.ordered.filter(scope.contains).map { ($0, graph.dependencies(of: $0)?.count ?? 0) }
        missing = Dictionary(counts) { first, _ in first }
        ready = counts.filter { $0.1 == 0 }.map(\.0)
    }

    /// The next address whose dependencies all have an outcome; nil while there is none.
    mutating func next() -> Address? {
        guard begun < ready.count else { return nil }
        begun += 1
        return ready[begun - 1]
    }

    mutating func settle(_ address: Address, _ outcome: Outcome<Success>) {
        outcomes[address] = outcome
        for dependent in graph.direct(address) {
            guard let before = missing[dependent] else { continue }
            let left = before - 1
            missing[dependent] = left
            if left == 0 { ready.append(dependent) }
        }
    }

    /// The results of an address's dependencies.
    func results(for address: Address) -> [Address: Success] {
        var results: [Address: Success] = [:]
        for need in graph.dependencies(of: address) ?? [] {
            if case .done(let success) = outcomes[need] { results[need] = success }
        }
        return results
    }

    /// Why an address cannot be visited: the root cause, not the last link.
    func blocker(of address: Address) -> Outcome<Success>? {
        var isInterrupted = false
        for need in (graph.dependencies(of: address) ?? []).sorted() {
            switch outcomes[need] {
            case .failed: return .skipped(because: need)
            case .skipped(let cause): return .skipped(because: cause)
            case .interrupted: isInterrupted = true
            case .done, nil: continue
            }
        }
        return isInterrupted ? .interrupted : nil
    }
}
