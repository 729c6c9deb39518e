import Testing
import Wire

@Suite("Heartbeat")
struct HeartbeatTests {
    @Test("All that wait go on with one beat")
    func beats() async {
        let heartbeat = Heartbeat()
        async let _: Void = heartbeat.run()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { await heartbeat.wait() } }
        }
    }

    @Test("Who is cancelled does not wait for it", arguments: [true, false])
    func cancelled(isCancelledBefore: Bool) async {
        let heartbeat = Heartbeat()  // It does not beat.
        await withTaskGroup(of: Void.self) { group in
            if isCancelledBefore { group.cancelAll() }
            for _ in 0..<100 { group.addTask { await heartbeat.wait() } }
            if !isCancelledBefore {
                for _ in 0..<10 { await Task.yield() }
                group.cancelAll()
            }
        }
    }

    @Test("A sleep ends when its time has come, whether it is long or short", arguments: [100, 1500])
    func sleeps(milliseconds: Int) async throws {
        let heartbeat = Heartbeat()
        async let _: Void = heartbeat.run()
        let begun = ContinuousClock.now
        try await heartbeat.sleep(for: .milliseconds(milliseconds))
        #expect(begun.duration(to: .now) >= .milliseconds(milliseconds))
    }

    @Test("A cancelled sleep throws")
    func cancelledSleep() async {
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Heartbeat().sleep(for: .seconds(60)) }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }
}
