import Dispatch
import Synchronization

/// Work on its own thread, which is waited for only up to a limit. Swift's regular expressions backtrack, cannot be
/// interrupted, and may take longer than any run: then the thread is abandoned until the program ends.
package final class LimitedMatch<Result: Sendable>: Sendable {
    private struct State {
        var result: Result?
        var isLeft = false
    }

    private let state = Mutex(State())
    private let end = DispatchSemaphore(value: 0)
    private let work: @Sendable () -> Result

    private init(_ work: @escaping @Sendable () -> Result) {
        self.work = work
    }

    /// - Returns: nil when the result did not come in time, or too many threads are abandoned.
    package static func result(within limit: Duration, _ work: @escaping @Sendable () -> Result) -> Result? {
        guard LeftMatches.count.withLock({ $0 < LeftMatches.most }) else { return nil }
        let match = LimitedMatch(work)
        // A queue that is serial has a thread of its own, also when every core is busy with others.
        DispatchQueue(label: "drover.match").async { match.run() }
        _ = match.end.wait(timeout: .now() + limit / .seconds(1))
        return match.state.withLock { state in
            if state.result == nil {
                state.isLeft = true
                LeftMatches.count.withLock { $0 += 1 }
            }
            return state.result
        }
    }

    private func run() {
        let result = work()
        let isLeft = state.withLock { state in
            state.result = result
            return state.isLeft
        }
        end.signal()
        if isLeft { LeftMatches.count.withLock { $0 -= 1 } }
    }
}

/// The abandoned threads. They belong to the whole process, and so does their number.
private enum LeftMatches {
    static let count = Mutex(0)
    /// The maximum number of abandoned threads; beyond it nothing new begins.
    static let most = 4
}
