import Synchronization
import Testing

@testable import drover

@Suite("SignalBell", .timeLimit(.minutes(20)))
struct SignalBellTests {
    @Test("All who wait are woken, and who comes later does not wait")
    func all() async {
        let bell = SignalBell()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { await bell.hasRung() } }
            bell.ring()
        }
        await bell.hasRung()
    }

    @Test("Who is cancelled waits no longer")
    func cancelled() async {
        let bell = SignalBell()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await bell.hasRung() }
            group.addTask { await bell.each { Issue.record("It has not rung.") } }
            group.cancelAll()
        }
    }

    @Test("Each ring is answered, also one that comes while nobody waits; those that come together once")
    func each() async throws {
        let (bell, count) = (SignalBell(), Count())
        for _ in 0..<100_000 { bell.ring() }  // More than a pipe holds.
        let (answers, answered) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await bell.each {
                    count.add()
                    answered.yield()
                }
            }
            var iterator = answers.makeAsyncIterator()
            await iterator.next()
            bell.ring()
            await iterator.next()
            group.cancelAll()
        }
        #expect(count.value == 2)
    }

    private final class Count: Sendable {
        private let count = Atomic(0)

        var value: Int { count.load(ordering: .relaxed) }

        func add() {
            count.add(1, ordering: .relaxed)
        }
    }

    @Test("A body that is done ends the wait for an interruption; its error is thrown")
    func notInterrupted() async throws {
        #expect(try await Interruption.cancelling { 1 } == 1)
        await #expect(throws: CancellationError.self) {
            try await Interruption.reading { () throws -> Int in throw CancellationError() }
        }
    }
}
