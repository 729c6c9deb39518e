import Language
import Synchronization
import Wire

/// One session of a server agent, opened by its first question.
final class AgentsConversation: AgentConversation {
    private let agent: AgentDefinition
    private let runtime: AgentsRuntime
    private let session = Mutex<LlamaStack.Session?>(nil)

    init(_ agent: AgentDefinition, _ runtime: AgentsRuntime) {
        self.agent = agent
        self.runtime = runtime
    }

    /// The session to remove; nil when none was opened.
    var opened: LlamaStack.Session? {
        session.withLock { $0 }
    }

    func ask(
        _ request: AgentRequest, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let question = try question(request)
        let sent = runtime.server.endpoint.sent
        let cleared = ClearedEvents(sent)
        return sent.cleared(try await turn(question, timeout) { await cleared.tell($0, to: onEvent) })
    }

    private func turn(
        _ question: String, _ timeout: Duration, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let watch = Stopwatch(runtime.clock)
        let session = if let opened { opened } else { try await open() }
        var reader = try await take(.question(question), in: session, watch, timeout, onEvent)
        var whole = try await answer(of: reader)
        while true {
            let results = try await whole.carryOut(
                reader.calls, of: agent, by: runtime.local, timeout: timeout - watch.elapsed, onEvent)
            guard !results.isEmpty, whole.pendingCalls.isEmpty else { break }
            let input = LlamaStack.Agents.Input.results(results.map(Self.item), turn: reader.turn)
            reader = try await take(input, in: session, watch, timeout, onEvent)
            whole = whole.followed(by: try await answer(of: reader))
        }
        whole.latency = watch.elapsed
        await onEvent(.finished(whole))
        return whole
    }

    /// A server agent takes only a text. In a new session, this text also has what was said before.
    private func question(_ request: AgentRequest) throws(Diagnostic) -> String {
        let runtime = AgentDefinition.Runtime.agents.description
        try request.requireTuning(among: [], of: agent, runtime)
        try request.requireNoFunctions(of: agent, runtime)
        if let text = request.text { return text }
        guard opened == nil, let told = ToldConversation.text(request.items) else {
            throw .notHandedOn("anything but texts, calls and their outputs", to: agent, runtime)
        }
        return told
    }

    private func open() async throws -> LlamaStack.Session {
        let opened = try await runtime.open(agent)
        session.withLock { $0 = opened }
        return opened
    }

    private static func item(_ result: LocalTools.Result) -> Value {
        [
            "call_id": .string(result.id), "tool_name": .string(result.call.name), "content": .string(result.output),
        ]
    }

    private func take(
        _ input: LlamaStack.Agents.Input, in session: LlamaStack.Session, _ watch: Stopwatch, _ timeout: Duration,
        _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> TurnReader {
        let agents = runtime.agents
        do {
            return try await agents.takeTurn(with: input, in: session, timeout: timeout) { frames in
                var reader = TurnReader(agent)
                for try await frame in frames {
                    if watch.elapsed > timeout { throw agents.broken("no answer within the time limit", in: session) }
                    for event in try reader.read(frame.data, at: watch.elapsed) { await onEvent(event) }
                    if reader.answer != nil { return reader }
                }
                throw TurnReader.Failure(message: "The stream ended before the answer did.")
            }
        } catch let failure as TurnReader.Failure {
            throw diagnostic(failure, session)
        } catch let error as WireError {
            throw error.diagnostic(address: agent.address)
        }
    }

    /// What a part of the turn gave, with what it found named by our paths.
    private func answer(of reader: TurnReader) async throws -> Answer {
        guard var answer = reader.answer else { preconditionFailure("A turn is read to its end.") }
        answer.retrieved = reader.found
        answer.tellsSources = !reader.hidesSources
        answer.tellsCitations = false
        try await runtime.names.name(&answer)
        return answer
    }

    private func diagnostic(_ failure: TurnReader.Failure, _ session: LlamaStack.Session) -> Diagnostic {
        let message = failure.message
        var diagnostic = agent.diagnostic(runtime.agents.broken(message, in: session), of: runtime.server)
        // So the server says it when a group's MCP server does not answer: it lists no tools then.
        let silent = agent.tools.compactMap(\.mcp).first {
            message.contains("Toolgroup \($0.toolGroup ?? "?") not found")
        }
        if let silent {
            diagnostic.detail += " The tool group lists no tools: its MCP server cannot be reached from the server."
            diagnostic.fix = "Make sure that `\(silent.url ?? "the MCP server")` can be reached from the server."
        }
        return diagnostic
    }
}
