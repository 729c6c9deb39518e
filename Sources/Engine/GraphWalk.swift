extension Graph {
    /// Visits each vertex after all that it depends on, at most `limit` at a time.
    ///
    /// A failure skips what depends on it, and nothing else. The caller of `visit` is the only writer of outcomes: each
    /// visit gets the results of what is done so far and returns its own. When `mayStart` turns false, nothing new begins.
    package func walk<Success: Sendable>(
        limit: Int,
        mayStart: @escaping @Sendable () -> Bool = { true },
        visit: @escaping @Sendable (Address, [Address: Success]) async -> Outcome<Success>
    ) async -> [Address: Outcome<Success>] {
        precondition(limit > 0, "A walk needs room for one visit.")
        return await withTaskGroup(of: (Address, Outcome<Success>).self) { group in
            var waiting = ordered
            var outcomes: [Address: Outcome<Success>] = [:]
            var results: [Address: Success] = [:]
            var running = 0
            func startReady() {
                while running < limit, let index = waiting.firstIndex(where: { isReady($0, outcomes) }) {
                    let address = waiting.remove(at: index)
                    guard mayStart() else {
                        outcomes[address] = .interrupted
                        continue
                    }
                    if let cause = blocker(of: address, outcomes) {
                        outcomes[address] = cause
                        continue
                    }
                    running += 1
                    let done = results
                    group.addTask { (address, await visit(address, done)) }
                }
            }
            startReady()
            while let (address, outcome) = await group.next() {
                running -= 1
                outcomes[address] = outcome
                if case .done(let success) = outcome { results[address] = success }
                startReady()
            }
            return outcomes
        }
    }

    private func isReady<Success>(_ address: Address, _ outcomes: [Address: Outcome<Success>]) -> Bool {
        (dependencies[address] ?? []).allSatisfy { outcomes[$0] != nil }
    }

    /// Why an address cannot be visited: the root cause, not the last link.
    private func blocker<Success>(
        of address: Address, _ outcomes: [Address: Outcome<Success>]
    ) -> Outcome<Success>? {
        for need in (dependencies[address] ?? []).sorted() {
            switch outcomes[need] {
            case .failed: return .skipped(because: need)
            case .skipped(let cause): return .skipped(because: cause)
            case .interrupted: return .interrupted
            case .done, nil: continue
            }
        }
        return nil
    }
}
