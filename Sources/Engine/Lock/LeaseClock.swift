/// The time that leases are measured by: it never goes back, and goes on while the machine sleeps.
package struct LeaseClock: Sendable {
    package let now: @Sendable () -> Duration
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The machine's own: `ContinuousClock` reads `CLOCK_BOOTTIME`.
    package static let system: LeaseClock = {
        let clock = ContinuousClock()
        let start = clock.now
        return LeaseClock(now: { start.duration(to: clock.now) }, sleep: { try await clock.sleep(for: $0) })
    }()
}
