/// Runs `body` for at most `limit`; then cancels it and waits for it.
///
/// The limit is slept for a second at a time: a cancelled sleep keeps a kilobyte until its time has come, which adds up
/// where many conversations with long limits end soon.
///
/// - Returns: nil when the time ran out first.
func withDeadline<Result: Sendable>(
    _ limit: Duration,
    clock: any Clock<Duration>,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result? {
    try await withThrowingTaskGroup(of: Result?.self) { group in
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
