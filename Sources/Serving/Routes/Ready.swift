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

    private let probe: @Sendable () async -> Bool
    private let last = Mutex<Answer?>(nil)

    /// - Parameter probe: Whether the server behind answers.
    init(_ probe: @escaping @Sendable () async -> Bool) {
        self.probe = probe
    }

    func reply(isDraining: Bool) async -> Reply {
        if isDraining { return .json(["status": "draining"], status: 503) }
        guard await isReady() else { return .json(["status": "unavailable"], status: 503) }
        return .json(["status": "ready"])
    }

    private func isReady() async -> Bool {
        if let known = last.withLock({ $0 }), known.time.duration(to: .now) < .seconds(1) { return known.isReady }
        let answer = await probe()
        last.withLock { $0 = Answer(isReady: answer, time: .now) }
        return answer
    }
}
