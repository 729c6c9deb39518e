/// Returns when `progress` has not increased for `limit`, or when the task is cancelled: background work may take as
/// long as it needs, but not stand still.
package func standstill(
    of progress: @Sendable () -> Int, for limit: Duration, clock: any Clock<Duration>
) async {
    var last = progress()
    while true {
        do {
            try await clock.sleep(for: limit)
        } catch {
            return  // The task was cancelled.
        }
        let current = progress()
        guard current > last else { return }
        last = current
    }
}
