import Wire

/// Runs `body` for at most `limit`; then cancels it and waits for it.
///
/// Without a heartbeat, the limit is slept for a second at a time: a cancelled sleep keeps a kilobyte until its time has come,
/// which adds up where many conversations with long limits end soon.
///
/// - Parameter heartbeat: Measures a limit of more than a second instead of the clock.
/// - Returns: nil when the time ran out first.
func withDeadline<Result: Sendable>(
    _ limit: Duration,
    clock: any Clock<Duration>,
    heartbeat: Heartbeat? = nil,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result? {
    if let heartbeat, limit > Heartbeat.interval {
        let end = ContinuousClock.now + limit
        let (result, isLate) = await heartbeat.limiting(until: { _ in end }, body)
        return isLate ? nil : try result.get()
    }
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            var rest = limit
            while rest > .zero {
                try await clock.sleep(for: min(rest, .seconds(1)))
                rest -= .seconds(1)
            }
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
