/// Runs a body while its progress is drawn again and again.
enum LiveDrawing {
    /// - Parameters:
    ///   - redraw: Called five times a second until the body ends.
    ///   - finish: Called when it has ended, however it did.
    static func during<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result, redraw: @escaping @Sendable () -> Void,
        finish: () -> Void
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    try await Task.sleep(for: .milliseconds(200))
                    redraw()
                }
            }
            defer {
                group.cancelAll()
                finish()
            }
            guard let result = try await group.next() ?? nil else { throw CancellationError() }
            return result
        }
    }
}
