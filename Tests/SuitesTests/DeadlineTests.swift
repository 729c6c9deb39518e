import Synchronization
import Testing

@testable import Suites

@Suite("Deadline")
struct DeadlineTests {
    /// A clock on which every wait is over at once; it tells how long each was to be.
    private final class RecordingClock: Clock {
        let minimumResolution = Duration.zero
        var now: TestClock.Instant { TestClock.Instant(offset: .zero) }
        private let slept = Mutex<[Duration]>([])

        var sleeps: [Duration] { slept.withLock { $0 } }

        func sleep(until deadline: TestClock.Instant, tolerance: Duration?) async throws {
            slept.withLock { $0.append(deadline.offset) }
            try Task.checkCancellation()
        }
    }

    @Test("A long limit is waited for a second at a time, so that no sleep outlives what it waited for by more")
    func slices() async throws {
        let clock = RecordingClock()
        let result: Void? = try await withDeadline(.milliseconds(2500), clock: clock) { await untilCancelled() }
        #expect(result == nil)
        #expect(clock.sleeps == [.seconds(1), .seconds(1), .milliseconds(500)])
    }

    @Test("What is done in time is not waited with")
    func inTime() async throws {
        let result = try await withDeadline(.seconds(60), clock: TestClock(behaviour: .standingStill)) { 7 }
        #expect(result == 7)
    }
}
