/// Returns when `progress` has not grown for `limit`, or when the task is cancelled: work that goes on by itself gets as
/// long as it needs, and no longer once it stands still.
package func standstill(
    of progress: @Sendable () -> Int, for limit: Duration, clock: any Clock<Duration>
) async {
    var last = progress()
    while true {
        do {
            try await clock.sleep(for: limit)
        } catch {
            return  // Nobody waits any more.
        }
        let current = progress()
        guard current > last else { return }
        last = current
    }
}
