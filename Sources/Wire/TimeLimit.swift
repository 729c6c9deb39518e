import Synchronization

/// A limit on the time that a task may wait for a server; whenever something arrives, it begins anew.
final class TimeLimit: Sendable {
    private let duration: Duration
    private let beginning = Mutex(ContinuousClock.now)

    private init(_ duration: Duration) {
        self.duration = duration
    }

    /// Runs `body`, and cancels it when the limit is exceeded.
    ///
    /// - Throws: `TransportFailure` with the reason `.timeout`; what `body` throws.
    static func run<R: Sendable>(
        _ duration: Duration, _ body: @escaping @Sendable (TimeLimit) async throws -> R
    ) async throws -> R {
        let limit = TimeLimit(duration)
        return try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask { try await body(limit) }
            group.addTask { throw try await limit.expiry() }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    /// Lets the whole time begin anew.
    func renew() {
        beginning.withLock { $0 = .now }
    }

    /// Waits until the limit is exceeded.
    private func expiry() async throws -> TransportFailure {
        while true {
            let beginning = beginning.withLock { $0 }
            try await Task.sleep(until: beginning + duration, clock: .continuous)
            if self.beginning.withLock({ $0 }) == beginning {
                return TransportFailure(.timeout, "no answer within \(duration.inSeconds)")
            }
        }
    }
}

extension Duration {
    /// In seconds, as a message tells it: `30 s`, `0.5 s`.
    package var inSeconds: String {
        let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
        return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
    }
}
