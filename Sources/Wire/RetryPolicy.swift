/// Decides whether and when a failed request is sent again. It is pure: time and randomness are parameters.
///
/// Waits double from `base` to `cap`, each drawn from the upper half of its step, so that clients that failed together
/// do not return together; a `Retry-After` of the server lengthens the wait, and never shortens it.
package struct RetryPolicy: Sendable, Hashable {
    /// The maximum number of attempts.
    package var attempts: Int
    package var base: Duration
    package var cap: Duration
    /// Measured from the first attempt: no retry starts later.
    package var deadline: Duration
    /// The same for an unreachable server, shorter so that a mistyped URL is reported soon.
    package var unreachableDeadline: Duration
    /// Whether a request that the server itself put off (429) is sent again for as long as it takes. Only for callers
    /// that limit the time themselves, and for requests that are not processed when they are put off.
    package var waitsWhenPutOff = false

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
    /// Why an attempt failed.
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
        /// Always: the request is idempotent.
        case free
        /// Only when the server said that it did nothing, and only after checking that: a gateway may have passed the
        /// request on.
        case afterLook
        /// Only when the server itself said that it accepts no more for now (429), and only after such a check. A
        /// gateway's 503 may be about a request that is still being processed.
        case afterLookIfRefused
        /// Only when it certainly did not arrive.
        case never
    }

    /// How long to wait before the request is sent again; nil when it is not.
    ///
    /// - Parameters:
    ///   - attempt: how often the request has been sent, 1 or more.
    ///   - elapsed: since the first attempt.
    ///   - random: from 0 to 1; selects the wait within the upper half of the step.
    package func backoff(
        after failure: Failure, attempt: Int, elapsed: Duration, repetition: Repetition, random: Double
    ) -> Duration? {
        let drawn = step(attempt) * (0.5 + 0.5 * random)
        if waitsWhenPutOff, case .status(429, let retryAfter) = failure {
            return max(retryAfter ?? .zero, drawn)
        }
        guard attempt < limit(for: failure, repetition) else { return nil }
        let wait = max(asked(by: failure), drawn)
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
        case .status(503, .some): repetition == .never || repetition == .afterLookIfRefused ? 1 : attempts
        case .status(408, _), .status(502..., _): ifFree
        case .status: 1
        }
    }

    private func deadline(for failure: Failure) -> Duration {
        failure == .transport(.unreachable) ? min(deadline, unreachableDeadline) : deadline
    }

    private func asked(by failure: Failure) -> Duration {
        guard case .status(_, let retryAfter) = failure else { return .zero }
        return retryAfter ?? .zero
    }

    private func step(_ attempt: Int) -> Duration {
        min(cap, base * (1 << min(attempt - 1, 16)))
    }
}
