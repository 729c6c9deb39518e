/// Decides whether and when a request that failed is sent again. Pure: time and randomness come in.
///
/// Waits double from `base` to `cap`, each drawn between half and the whole of its step, so that clients that failed
/// together do not return together; a `Retry-After` of the server replaces the wait.
package struct RetryPolicy: Sendable, Hashable {
    /// How often a request is sent at most.
    package var attempts: Int
    package var base: Duration
    package var cap: Duration
    /// From the first send: no retry starts after it.
    package var deadline: Duration
    /// The same for a server that cannot be reached: whoever mistyped a URL is told soon.
    package var unreachableDeadline: Duration

    package init(
        attempts: Int = 5, base: Duration = .milliseconds(250), cap: Duration = .seconds(8),
        deadline: Duration = .seconds(60), unreachableDeadline: Duration = .milliseconds(1500)
    ) {
        self.attempts = attempts
        self.base = base
        self.cap = cap
        self.deadline = deadline
        self.unreachableDeadline = unreachableDeadline
    }

    /// Five attempts within a minute.
    package static let standard = RetryPolicy()
    /// One attempt.
    package static let never = RetryPolicy(attempts: 1)
}

extension RetryPolicy {
    /// How one attempt went wrong.
    package enum Failure: Sendable, Hashable {
        case transport(TransportFailure.Reason)
        case status(Int, retryAfter: Duration?)

        /// Whether the request may have been carried out.
        var mayHaveArrived: Bool {
            switch self {
            case .transport(.unreachable), .transport(.tooManyOpenFiles), .transport(.tls): false
            case .transport, .status: true
            }
        }
    }

    /// When a request may be sent again.
    package enum Repetition: Sendable, Hashable {
        /// Always: sent twice, it leaves what sent once it would have left.
        case free
        /// Only where the server said that it did nothing, and only after a look whether that is true: something between
        /// may have let the request through.
        case afterLook
        /// Only where it certainly did not arrive.
        case never
    }

    /// The verdict on one failure.
    ///
    /// - Parameters:
    ///   - attempt: how often the request has been sent, 1 or more.
    ///   - elapsed: since the first attempt.
    ///   - random: from 0 to 1; selects the wait within the upper half of the step.
    package func backoff(
        after failure: Failure, attempt: Int, elapsed: Duration, repetition: Repetition, random: Double
    ) -> Duration? {
        guard attempt < limit(for: failure, repetition) else { return nil }
        let wait = asked(by: failure) ?? step(attempt) * (0.5 + 0.5 * random)
        return elapsed + wait <= deadline(for: failure) ? wait : nil
    }

    private func limit(for failure: Failure, _ repetition: Repetition) -> Int {
        let ifFree = repetition == .free ? attempts : 1
        return switch failure {
        case .transport(.unreachable), .transport(.tooManyOpenFiles): attempts
        case .transport(.tls): 1  // A certificate does not become valid by asking again.
        case .transport(.timeout), .transport(.broken): ifFree
        case .status(500, _): min(ifFree, 2)  // Some are permanent.
        case .status(429, _): repetition == .never ? 1 : attempts
        case .status(503, .some): repetition == .never ? 1 : attempts
        case .status(408, _), .status(502..., _): ifFree
        case .status: 1
        }
    }

    private func deadline(for failure: Failure) -> Duration {
        failure == .transport(.unreachable) ? min(deadline, unreachableDeadline) : deadline
    }

    private func asked(by failure: Failure) -> Duration? {
        guard case .status(_, let retryAfter) = failure else { return nil }
        return retryAfter
    }

    private func step(_ attempt: Int) -> Duration {
        min(cap, base * (1 << min(attempt - 1, 16)))
    }
}
