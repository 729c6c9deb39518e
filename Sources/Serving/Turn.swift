import Language
import Runtime
import Wire

/// One request while an agent answers it, within its time, and no longer than its client waits.
///
/// It is shared: copies would be part of the state of every function that waits, of which each open stream has many.
final class Turn: Sendable {
    /// How it ended.
    indirect enum Ending: Sendable {
        case answered(Answer)
        case failed(Diagnostic)
        /// The time is over.
        case expired
        /// The client has gone.
        case abandoned
        /// This server is being stopped.
        case stopped
    }

    let agent: PublishedAgent
    let asked: AgentRequest
    let limit: Duration
    let heartbeat: Heartbeat
    let connection: Connection?
    /// nil where nothing is traced.
    let recorder: TraceRecorder?
    /// What servers behind are told of the trace that this belongs to; nil for none.
    let parent: TraceParent?

    init(
        agent: PublishedAgent, asked: AgentRequest, limit: Duration, heartbeat: Heartbeat, connection: Connection?,
        recorder: TraceRecorder?, parent: TraceParent?
    ) {
        self.agent = agent
        self.asked = asked
        self.limit = limit
        self.heartbeat = heartbeat
        self.connection = connection
        self.recorder = recorder
        self.parent = parent
    }

    /// Asks the agent, and tells its events; cancels the request behind when nobody waits any more.
    /// - Parameter pieces: Takes pieces of the text at once, which are no events then.
    func run(
        handing pieces: PieceSink? = nil, _ onEvent: @escaping @Sendable (AgentEvent) async -> Void
    ) async -> Ending {
        let end = ContinuousClock.now + limit
        let alarm = Alarm { _ in end }
        connection?.add(alarm)
        defer { connection?.remove(alarm) }
        let (ending, isLate) = await limited(by: alarm, until: end) { await self.answer(pieces, onEvent) }
        guard isLate else { return ending }
        return connection?.isGone == true ? .abandoned : connection?.isStopped == true ? .stopped : .expired
    }

    private func limited(
        by alarm: Alarm, until end: ContinuousClock.Instant, _ body: @escaping @Sendable () async -> Ending
    ) async -> (Ending, isLate: Bool) {
        await withTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            // The beats of the heart are too far apart for a short limit.
            if limit <= Heartbeat.interval {
                group.addTask {
                    // One that is cancelled has ended in time.
                    guard (try? await Task.sleep(until: end, clock: .continuous)) != nil else { return }
                    alarm.end(isLate: true)
                }
            }
            let (result, isLate) = await heartbeat.limiting(by: alarm, body)
            return ((try? result.get()) ?? .stopped, isLate)  // The body throws nothing.
        }
    }

    private func answer(
        _ pieces: PieceSink?, _ onEvent: @escaping @Sendable (AgentEvent) async -> Void
    ) async -> Ending {
        do {
            guard let recorder else { return .answered(try await ask(pieces, onEvent)) }
            return .answered(
                try await recorder.turn(asked) { record in
                    let recorded = pieces?.changing { piece in
                        if !piece.isEmpty { record(.text(piece)) }
                        return piece
                    }
                    return try await ask(recorded) { event in
                        record(event)
                        await onEvent(event)
                    }
                })
        } catch is CancellationError {
            return .stopped
        } catch {
            return .failed(.from(error, at: nil))
        }
    }

    private func ask(
        _ pieces: PieceSink?, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        try await TraceParent.$current.withValue(parent) {
            try await agent.runtime.ask(
                agent.definition, asked, timeout: limit, pieces: pieces, onEvent: onEvent)
        }
    }
}

extension Turn.Ending {
    /// What the caller is told instead of an answer; nil when there is one, or nobody to be told.
    func error(of request: AgentRequest) -> ServedError? {
        switch self {
        case .answered(let answer):
            answer.status == .failed ? answer.putOff.map { .busyUpstream(for: $0.wait) } ?? .failedUpstream : nil
        case .failed(let diagnostic): ServedError(diagnostic, of: request)
        case .expired: .expired
        case .stopped: .stopping
        case .abandoned: nil
        }
    }

    /// For the log: why there is no answer.
    var reason: String? {
        switch self {
        case .answered(let answer): answer.status == .failed ? answer.error ?? "The server did not say why." : nil
        case .failed(let diagnostic): ([diagnostic.detail] + diagnostic.notes.map(\.text)).joined(separator: " ")
        case .expired: "no answer in time"
        case .stopped: "stopped"
        case .abandoned: "the client went away"
        }
    }
}
