import Wire

/// Runs `body` for at most `limit`; then cancels it and waits for it.
///
/// Only the last second of the limit is slept for where there is a heartbeat, and a second at a time elsewhere: a cancelled
/// sleep keeps a kilobyte until its time has come, which adds up where many conversations with long limits end soon.
///
/// - Parameter heartbeat: One that beats in the clock's time.
/// - Returns: nil when the time ran out first.
func withDeadline<Result: Sendable>(
    _ limit: Duration,
    clock: any Clock<Duration>,
    heartbeat: Heartbeat? = nil,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result? {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            var rest = limit
            if let heartbeat { rest = try await heartbeat.lastSecond(of: limit, on: clock) }
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

extension Heartbeat {
    /// Waits until at most a second of a limit is left.
    /// - Returns: What is left.
    fileprivate func lastSecond(of limit: Duration, on clock: any Clock<Duration>) async throws -> Duration {
        let watch = Stopwatch(clock)
        while limit - watch.elapsed > Self.interval {
            await wait()
            try Task.checkCancellation()
        }
        return limit - watch.elapsed
    }
}
