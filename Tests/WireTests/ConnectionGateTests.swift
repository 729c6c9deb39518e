import Synchronization
import Testing

@testable import Wire

@Suite("ConnectionGate")
struct ConnectionGateTests {
    /// Counts who is inside.
    private final class Crowd: Sendable {
        private let counts = Mutex((inside: 0, most: 0))

        var inside: Int { counts.withLock { $0.inside } }
        /// The most that were inside at a time.
        var most: Int { counts.withLock { $0.most } }

        func enter() {
            counts.withLock { $0 = ($0.inside + 1, max($0.most, $0.inside + 1)) }
        }

        func leave() {
            counts.withLock { $0.inside -= 1 }
        }
    }

    @Test("No more than the limit are inside at a time, and all come through", arguments: [1, 3, 200])
    func limit(_ limit: Int) async throws {
        let gate = ConnectionGate(limit: limit)
        let crowd = Crowd()
        let count = try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<500 {
                group.addTask {
                    try await gate.passing {
                        crowd.enter()
                        for _ in 0..<5 { await Task.yield() }
                        crowd.leave()
                    }
                }
            }
            return try await group.reduce(into: 0) { count, _ in count += 1 }
        }
        #expect(count == 500 && crowd.most <= limit && crowd.inside == 0)
    }

    @Test("Who is cancelled while waiting gives up the place, and takes none")
    func cancelled() async throws {
        let gate = ConnectionGate(limit: 1)
        let (opened, open) = AsyncStream<Void>.makeStream()
        let (entered, enter) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await gate.passing {
                    enter.finish()
                    for await _ in opened {}
                }
            }
            for await _ in entered {}
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { waiting in
                    waiting.addTask { try await gate.passing {} }
                    waiting.cancelAll()
                    try await waiting.waitForAll()
                }
            }
            open.finish()
            try await group.waitForAll()
        }
        try await gate.passing {}
    }
}
