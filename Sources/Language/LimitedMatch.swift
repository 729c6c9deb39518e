import Dispatch
import Synchronization

/// A search on a thread of its own that is waited for only so long. Swift's regular expressions backtrack, cannot be
/// interrupted, and may take longer than any run: then the thread is left to itself until the search ends.
package final class LimitedMatch<Result: Sendable>: Sendable {
    private struct State {
        var result: Result?
        var isLeft = false
    }

    private let state = Mutex(State())
    private let end = DispatchSemaphore(value: 0)
    private let work: @Sendable () -> Result
    private let onEndOfLeft: @Sendable () -> Void

    private init(_ work: @escaping @Sendable () -> Result, _ onEndOfLeft: @escaping @Sendable () -> Void) {
        self.work = work
        self.onEndOfLeft = onEndOfLeft
    }

    /// Searches for a regular expression; one whose search was given up is not searched for again while that goes on, and
    /// takes no thread from others.
    /// - Throws: `SearchGivenUp` when the result did not come in time, or nothing was searched.
    package static func result(
        of pattern: String, within limit: Duration, among searches: LeftSearches = .shared,
        _ work: @escaping @Sendable () -> Result
    ) throws(SearchGivenUp) -> Result {
        try searches.inTurn(pattern) { () throws(SearchGivenUp) in
            let match = LimitedMatch(work) { searches.end(of: pattern) }
            // A queue that is serial has a thread of its own, also when every core is busy with others.
            DispatchQueue(label: "drover.match").async { match.run() }
            _ = match.end.wait(timeout: .now() + limit / .seconds(1))
            let result = match.state.withLock { state in
                if state.result == nil {
                    state.isLeft = true
                    searches.leave(pattern, after: limit)
                }
                return state.result
            }
            guard let result else { throw .late(limit) }
            return result
        }
    }

    private func run() {
        let result = work()
        let isLeft = state.withLock { state in
            state.result = result
            return state.isLeft
        }
        end.signal()
        if isLeft { onEndOfLeft() }
    }
}

/// Why a search has no result.
package enum SearchGivenUp: Error, Hashable {
    /// It took longer than this.
    case late(Duration)
    /// An earlier search for the same regular expression took longer than this, and goes on.
    case going(Duration)
    /// So many searches for others go on that nothing new begins.
    case crowded(Int)

    /// As a full sentence about the regular expression.
    package func reason(_ pattern: String) -> String {
        switch self {
        case .late(let limit):
            "The search for `\(pattern)` was given up after \(limit.exact): the regular expression tries too many ways."
        case .going(let limit):
            """
            `\(pattern)` was not searched for: an earlier search for it was given up after \(limit.exact) and still goes \
            on, as the regular expression tries too many ways.
            """
        case .crowded(let count):
            """
            `\(pattern)` was not searched for: the searches for \(count) other regular expressions were given up and still \
            go on, as these try too many ways.
            """
        }
    }
}

/// The searches that nobody waits for any more, one for a regular expression, and the turns of those that are waited for.
/// They burn time of the whole process, which therefore shares one.
package final class LeftSearches: Sendable {
    package static let shared = LeftSearches()

    /// Where searches for the same regular expression wait for each other, so that they do not all run into the limit.
    private final class Lane: Sendable {
        let isTaken = Mutex(())
    }

    private let limits = Mutex<[String: Duration]>([:])
    private let lanes = (0..<16).map { _ in Lane() }
    /// So many may burn time at once; with one for each lane, these are all the threads there are.
    private let most: Int

    package init(most: Int = 8) {
        self.most = most
    }

    fileprivate func inTurn<Result: Sendable>(
        _ pattern: String, _ body: () throws(SearchGivenUp) -> Result
    ) throws(SearchGivenUp) -> Result {
        // Told before its turn comes, which another one with the same lane may hold for a while.
        try check(pattern)
        let lane = lanes[Int(UInt(bitPattern: pattern.hashValue) % UInt(lanes.count))]
        return try lane.isTaken.withLock { _ throws(SearchGivenUp) in
            try check(pattern)
            return try body()
        }
    }

    private func check(_ pattern: String) throws(SearchGivenUp) {
        let (limit, count) = limits.withLock { ($0[pattern], $0.count) }
        if let limit { throw .going(limit) }
        if count >= most { throw .crowded(count) }
    }

    fileprivate func leave(_ pattern: String, after limit: Duration) {
        limits.withLock { $0[pattern] = limit }
    }

    fileprivate func end(of pattern: String) {
        limits.withLock { $0[pattern] = nil }
    }
}
