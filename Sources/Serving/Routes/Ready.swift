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

    private let last = Mutex<Answer?>(nil)

    /// - Parameter backing: nil while it is waited for.
    func reply(_ backing: Backing?, isDraining: Bool) async -> Reply {
        if isDraining { return .json(["status": "draining"], status: 503) }
        guard let backing else { return .json(["status": "starting"], status: 503) }
        guard await isAnswering(backing) else { return .json(["status": "unavailable"], status: 503) }
        return .json(["status": "ready"])
    }

    private func isAnswering(_ backing: Backing) async -> Bool {
        if let known = last.withLock({ $0 }), known.time.duration(to: .now) < .seconds(1) { return known.isReady }
        let answer = await backing.isAnswering()
        last.withLock { $0 = Answer(isReady: answer, time: .now) }
        return answer
    }
}
