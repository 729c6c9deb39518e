import Language
import Runtime
import Wire

/// One request while an agent answers it, within its time, and no longer than its client waits.
struct Turn: Sendable {
    /// How it ended.
    enum Ending: Sendable {
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

    /// Asks the agent, and hands its events over as they are taken; cancels the request behind when nobody waits any more.
    func run(_ events: Handover<AgentEvent>) async -> Ending {
        await withTaskGroup(of: Ending?.self) { group in
            group.addTask { await ask(events) }
            group.addTask {
                guard let connection else { return nil }
                await connection.untilOver()
                return connection.isGone ? .abandoned : connection.isStopped ? .stopped : nil
            }
            group.addTask {
                do {
                    try await heartbeat.sleep(for: limit)
                    return .expired
                } catch {
                    return nil  // It has ended in time.
                }
            }
            var ending: Ending?
            while ending == nil, let next = await group.next() { ending = next }
            group.cancelAll()
            events.close()
            return ending ?? .stopped
        }
    }

    private func ask(_ events: Handover<AgentEvent>) async -> Ending {
        do {
            guard let recorder else { return .answered(try await ask { await events.give($0) }) }
            return .answered(
                try await recorder.turn(asked) { record in
                    try await ask { event in
                        record(event)
                        await events.give(event)
                    }
                })
        } catch is CancellationError {
            return .stopped
        } catch {
            return .failed(Self.diagnostic(error))
        }
    }

    private func ask(_ onEvent: @Sendable (AgentEvent) async -> Void) async throws -> Answer {
        try await TraceParent.$current.withValue(parent) {
            try await agent.runtime.ask(agent.definition, asked, timeout: limit, onEvent: onEvent)
        }
    }

    private static func diagnostic(_ error: any Error) -> Diagnostic {
        switch error {
        case let diagnostic as Diagnostic: diagnostic
        case let several as Diagnostics: several.all[0]
        case let error as any Diagnosable: error.diagnostic(address: nil)
        case _:
            Diagnostic(
                "unexpected-error", "Unexpected error", detail: "\(error). This is a bug in drover.", cause: .unexpected
            )
        }
    }
}

extension Turn.Ending {
    /// What the caller is told instead of an answer; nil when there is one, or nobody to be told.
    func error(of request: AgentRequest) -> ServedError? {
        switch self {
        case .answered(let answer): answer.status == .failed ? .failedUpstream : nil
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
        case .failed(let diagnostic): diagnostic.detail
        case .expired: "no answer in time"
        case .stopped: "stopped"
        case .abandoned: "the client went away"
        }
    }
}
