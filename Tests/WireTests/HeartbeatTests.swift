import Synchronization
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

    @Test("What ends before its time is up is not late; its error is kept, too")
    func inTime() async {
        struct Broken: Error {}
        let heartbeat = Heartbeat()  // It does not beat.
        let value = await heartbeat.limiting(until: { $0 + .seconds(60) }, { 7 })
        #expect((try? value.result.get()) == 7 && !value.isLate)
        let error = await heartbeat.limiting(until: { $0 + .seconds(60) }, { throw Broken() })
        #expect(throws: Broken.self) { try error.result.get() }
        #expect(!error.isLate)
    }

    @Test("What takes too long is cancelled at its time, and waited for")
    func late() async {
        let heartbeat = Heartbeat()
        async let _: Void = heartbeat.run()
        let (begun, time) = (ContinuousClock.now, Duration.milliseconds(1300))
        let ended = await heartbeat.limiting(until: { _ in begun + time }) {
            // Until it is cancelled.
            try? await Task.sleep(for: .seconds(60))
            return Task.isCancelled
        }
        #expect(ended.isLate && (try? ended.result.get()) == true)
        #expect(time...time + .seconds(30) ~= begun.duration(to: .now))
    }

    @Test("The time may move while it is waited for")
    func moving() async {
        let heartbeat = Heartbeat()
        async let _: Void = heartbeat.run()
        let begun = ContinuousClock.now
        let ended = await heartbeat.limiting(until: { min($0 + .milliseconds(1100), begun + .seconds(2)) }) {
            try await Task.sleep(for: .seconds(60))
        }
        #expect(ended.isLate && begun.duration(to: .now) >= .seconds(2))
        #expect(throws: CancellationError.self) { try ended.result.get() }
    }

    @Test("An alarm is asked again only when the time that it told has come, and no more once it has rung")
    func asked() async {
        let heartbeat = Heartbeat()
        async let _: Void = heartbeat.run()
        let asked = Mutex(0)
        let rung = Mutex(0)
        let far = heartbeat.add(
            Alarm { now in
                asked.withLock { $0 += 1 }
                return now + .seconds(600)
            })
        let near = heartbeat.add(
            Alarm {
                $0
            } isUp: {
                rung.withLock { $0 += 1 }
            })
        // A beat wakes those who wait before it asks the alarms.
        for _ in 0..<3 { await heartbeat.wait() }
        #expect(asked.withLock(\.self) == 1 && rung.withLock(\.self) == 1)
        for alarm in [far, near] { heartbeat.remove(alarm) }
    }

    @Test("Who is cancelled cancels the body")
    func cancelledCaller() async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                let ended = await Heartbeat().limiting(until: { $0 + .seconds(60) }) {
                    try await Task.sleep(for: .seconds(60))
                }
                return ended.isLate
            }
            group.cancelAll()
            #expect(await group.next() == false)
        }
    }
}
