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
        /// The question that is on its way; all that ask meanwhile wait for its answer.
        var pending: Task<Bool, Never>?
    }

    private let state = Mutex(State())

    /// - Parameter backing: nil while it is waited for.
    func reply(_ backing: Backing?, isDraining: Bool) async -> Reply {
        if isDraining { return .json(["status": "draining"], status: 503) }
        guard let backing else { return .json(["status": "starting"], status: 503) }
        guard await isAnswering(backing) else { return .json(["status": "unavailable"], status: 503) }
        return .json(["status": "ready"])
    }

    private func isAnswering(_ backing: Backing) async -> Bool {
        let pending: Task<Bool, Never>? = state.withLock { state in
            if let known = state.last, known.time.duration(to: .now) < .seconds(1) { return nil }
            if let pending = state.pending { return pending }
            let asked = Task { await backing.isAnswering() }
            state.pending = asked
            return asked
        }
        guard let pending else { return state.withLock { $0.last?.isReady ?? false } }
        let answer = await pending.value
        state.withLock { state in
            guard state.pending == pending else { return }
            state.pending = nil
            state.last = Answer(isReady: answer, time: .now)
        }
        return answer
    }
}
