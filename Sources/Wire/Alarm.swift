import Synchronization

/// Wakes one task up: when another one has ended, or when its time is up.
package final class Alarm: Sendable {
    private enum State {
        case set
        case waited(CheckedContinuation<Bool, Never>)
        case over(isLate: Bool)
    }

    private let due: @Sendable (ContinuousClock.Instant) -> ContinuousClock.Instant
    private let isUp: (@Sendable () -> Void)?
    private let state = Mutex(State.set)

    /// - Parameter due: When the time is up, as far as that is known at a time; never earlier than it said before.
    package init(_ due: @escaping @Sendable (ContinuousClock.Instant) -> ContinuousClock.Instant) {
        self.due = due
        isUp = nil
    }

    /// An alarm that no task waits for.
    /// - Parameters:
    ///   - due: As above; is asked again when that has come.
    ///   - isUp: Is called when the time is up.
    package init(
        _ due: @escaping @Sendable (ContinuousClock.Instant) -> ContinuousClock.Instant,
        isUp: @escaping @Sendable () -> Void
    ) {
        self.due = due
        self.isUp = isUp
    }

    /// Waits for its end, once.
    /// - Returns: Whether it ended because the time was up.
    nonisolated(nonsending) func wait() async -> Bool {
        await withCheckedContinuation { continuation in
            let isLate: Bool? = state.withLock { state in
                if case .over(let isLate) = state { return isLate }
                state = .waited(continuation)
                return nil
            }
            if let isLate { continuation.resume(returning: isLate) }
        }
    }

    /// Ends it; only the first end counts.
    package func end(isLate: Bool) {
        let waiting: CheckedContinuation<Bool, Never>? = state.withLock { state in
            switch state {
            case .over: return nil
            case .set:
                state = .over(isLate: isLate)
                return nil
            case .waited(let continuation):
                state = .over(isLate: isLate)
                return continuation
            }
        }
        waiting?.resume(returning: isLate)
    }

    /// Ends it when its time is up.
    /// - Returns: When that will be; nil when it is.
    func rings(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let due = due(now)
        guard due <= now else { return due }
        end(isLate: true)
        isUp?()
        return nil
    }
}
