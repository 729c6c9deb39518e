import Wire

/// What bounds the asking about an answer.
struct InquiryBounds: Sendable {
    /// For each inquiry, and for each vote of a judge, once it is its turn.
    let timeout: Duration
    /// How often one that broke is tried again.
    let retries: Int
    let clock: any Clock<Duration>
    /// Those of all conversations of a run: a vote is one like any other.
    let slots: Slots

    /// Asks as soon as a slot is free.
    /// - Returns: nil when the time ran out first.
    func asking<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result? {
        try await slots.run { try await withDeadline(timeout, clock: clock, body) }
    }
}
