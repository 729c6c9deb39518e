import Language
import Synchronization

/// `GET /ready`: whether requests can be answered now.
///
/// The server behind is asked at most once a second, however many ask.
final class ReadyRoute: Sendable {
    private struct Answer {
        var isReady: Bool
        var time: ContinuousClock.Instant
    }

    private struct State {
        var last: Answer?
        /// Whether it is being asked: all that come meanwhile are told what was known before.
        var isAsking = false
        /// When somebody wanted to know.
        var wanted: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Whether somebody wanted to know in the last minute, as load balancers do.
    var isWatched: Bool {
        state.withLock { $0.wanted.map { $0.duration(to: .now) < .seconds(60) } ?? false }
    }

    /// - Parameter backing: nil while it is waited for.
    func reply(_ backing: Backing?, isDraining: Bool) async -> Reply {
        state.withLock { $0.wanted = .now }
        if isDraining { return .json(["status": "draining"], status: 503) }
        guard let backing else { return .json(["status": "starting"], status: 503) }
        guard await isAnswering(backing) else { return .json(["status": "unavailable"], status: 503) }
        return .json(["status": "ready"])
    }

    private func isAnswering(_ backing: Backing) async -> Bool {
        let known: Bool? = state.withLock { state in
            if let known = state.last, state.isAsking || known.time.duration(to: .now) < .seconds(1) {
                return known.isReady
            }
            if state.isAsking { return false }
            state.isAsking = true
            return nil
        }
        if let known { return known }
        let answer = await backing.isAnswering()
        state.withLock { ($0.last, $0.isAsking) = (Answer(isReady: answer, time: .now), false) }
        return answer
    }
}
