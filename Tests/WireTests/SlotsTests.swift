import Support
import Synchronization
import Testing

@testable import Wire

/// Who came through, in that order.
private final class Arrivals: Sendable {
    let numbers = Mutex<[Int]>([])
}

@Suite("Slots")
struct SlotsTests {
    @Test("No more than the limit are inside at a time, and all come through", arguments: [1, 3, 200])
    func limit(_ limit: Int) async throws {
        let slots = Slots(limit)
        let crowd = Crowd()
        let count = try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<500 {
                group.addTask {
                    try await slots.run { await crowd.visit() }
                }
            }
            return try await group.reduce(into: 0) { count, _ in count += 1 }
        }
        #expect(count == 500 && crowd.most <= limit && crowd.inside == 0)
    }

    /// On one thread tasks begin in the order in which they are added.
    @Test("Who waits comes through in the order of arrival", .onEventLoop)
    func order() async throws {
        let slots = Slots(1)
        let (opened, open) = AsyncStream<Void>.makeStream()
        let arrivals = Arrivals()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await slots.run { for await _ in opened {} }
            }
            for number in 0..<50 {
                group.addTask {
                    try await slots.run { arrivals.numbers.withLock { $0.append(number) } }
                }
            }
            group.addTask { open.finish() }
            try await group.waitForAll()
        }
        #expect(arrivals.numbers.withLock { $0 } == Array(0..<50))
    }

    @Test("Who is cancelled while waiting gives up the place, and takes none")
    func cancelled() async throws {
        let slots = Slots(1)
        let (opened, open) = AsyncStream<Void>.makeStream()
        let (entered, enter) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await slots.run {
                    enter.finish()
                    for await _ in opened {}
                }
            }
            for await _ in entered {}
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { waiting in
                    waiting.addTask { try await slots.run {} }
                    waiting.cancelAll()
                    try await waiting.waitForAll()
                }
            }
            open.finish()
            try await group.waitForAll()
        }
        try await slots.run {}
    }
}
