import Synchronization

/// Counts who is inside.
package final class Crowd: Sendable {
    private let counts = Mutex((inside: 0, most: 0))

    package init() {}

    package var inside: Int { counts.withLock { $0.inside } }
    /// The most that were inside at a time.
    package var most: Int { counts.withLock { $0.most } }

    /// Stays inside for a few turns of other tasks.
    package func visit() async {
        counts.withLock { $0 = ($0.inside + 1, max($0.most, $0.inside + 1)) }
        for _ in 0..<5 { await Task.yield() }
        counts.withLock { $0.inside -= 1 }
    }
}
