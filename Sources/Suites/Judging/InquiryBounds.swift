import Language
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

    /// Asks as soon as a slot is free, and again as often as allowed when that breaks.
    /// - Throws: `CancellationError` when the task was cancelled; else what broke last: `Unobservable` when time ran out.
    func asking<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        var attempts = 0
        while true {
            do {
                let result = try await slots.run { try await withDeadline(timeout, clock: clock, body) }
                guard let result else { throw Unobservable("it took longer than \(timeout.exact)") }
                return result
            } catch {
                if Task.isCancelled { throw CancellationError() }
                attempts += 1
                guard attempts > retries || error is NotToRepeat else { continue }
                throw error
            }
        }
    }
}

/// Something that would be the same the next time.
struct NotToRepeat: Error, Hashable {
    /// The end of a sentence.
    let reason: String
}
