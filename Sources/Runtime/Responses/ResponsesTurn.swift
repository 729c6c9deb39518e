import Language
import Wire

/// One turn by the Responses API: a response, and as long as the model calls functions that are carried out here,
/// another one with their results. The model is called at most `maxSteps` times in all of them together.
struct ResponsesTurn: Sendable {
    private(set) var agent: AgentDefinition
    let server: LlamaStack
    let tokens: [String: Secret]
    private(set) var local: LocalTools
    private(set) var request: ResponsesRequest
    let isStored: Bool
    let names: FileNames
    let clock: any Clock<Duration>
    /// How much of a message is kept, in bytes; nil for all of it.
    var keeping: Int?
    /// Takes pieces of the text at once; nil where all of them are told as events.
    var pieces: PieceSink?

    /// What one response gave.
    struct Part: Sendable {
        var answer: Answer
        var calls: [FunctionCall]
        /// What it adds to the conversation, as items of the API.
        var items: [Value]
    }

    /// The turn as one request wants it.
    /// - Throws: `Diagnostic` for what the API cannot do.
    func varied(by asked: AgentRequest, handing pieces: PieceSink? = nil) throws(Diagnostic) -> ResponsesTurn {
        var turn = self
        if isRelay { (turn.keeping, turn.pieces) = (asked.keeping, pieces) }
        guard !asked.tuning.isEmpty || !asked.functions.isEmpty else { return turn }
        let runtime = AgentDefinition.Runtime.responses.description
        try asked.requireTuning(among: server.capabilities.heededTuning, of: agent, runtime)
        turn.agent = try agent.varied(by: asked)
        turn.local = local.leaving(asked.functions)
        turn.request = try ResponsesRequest(turn.agent, tokens: tokens, on: server.capabilities)
        return turn
    }

    /// Whether an answer is handed on as it comes: nothing is carried out here between its parts, no shield looks at
    /// its whole text, and the server repeats it.
    private var isRelay: Bool {
        server.capabilities.prefersResponses && (agent.inputShields ?? []).isEmpty
            && agent.tools.allSatisfy { tool in
                let call = FunctionCall(id: "", name: tool.name, arguments: "")
                return tool.offered == nil || !local.canCarryOut(call, of: agent)
            }
    }

    /// - Parameters:
    ///   - items: the question, or what was said and ends with it.
    ///   - previous: the id of the last turn's last response.
    ///   - onCreated: is told the id of every response that may be stored.
    func take(
        _ items: [Value], after previous: String?, timeout: Duration,
        onCreated: @Sendable (String) -> Void, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let sent = server.endpoint.sent
        let cleared = ClearedEvents(sent)
        var turn = self
        turn.pieces = pieces?.changing { cleared.next($0) }
        return sent.cleared(
            try await turn.steps(items, previous, timeout, onCreated) { await cleared.tell($0, to: onEvent) })
    }

    private func steps(
        _ items: [Value], _ previous: String?, _ timeout: Duration,
        _ onCreated: @Sendable (String) -> Void, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let watch = Stopwatch(clock)
        var (items, previous) = (items, previous)
        var whole: Answer?
        while true {
            let left = agent.maxSteps - (whole?.steps ?? 0)
            let body = request.body(InputItems.input(items), after: previous, isStored: isStored, steps: left)
            let part =
                if let blind = BlindPart(after: whole, asked: items, of: agent, on: server) {
                    try await respond(blind, body, timeout, watch, onCreated, onEvent)
                } else {
                    try await respond(body, timeout, watch, pieces, onCreated, onEvent)
                }
            var answer = whole?.followed(by: part.answer) ?? part.answer
            let results = try await answer.carryOut(
                answer.status == .completed ? part.calls : [], of: agent, by: local, timeout: timeout - watch.elapsed,
                onEvent)
            answer.latency = watch.elapsed
            guard !results.isEmpty, answer.pendingCalls.isEmpty else {
                await onEvent(.finished(answer))
                return answer
            }
            items = (isStored ? [] : items + part.items) + results.map(Self.item)
            previous = isStored ? part.answer.id : nil
            whole = answer
        }
    }

    private static func item(_ result: LocalTools.Result) -> Value {
        ["type": "function_call_output", "call_id": .string(result.id), "output": .string(result.output)]
    }

    /// A response that the shields look at here.
    private func respond(
        _ blind: BlindPart, _ body: [String: Value], _ timeout: Duration, _ watch: Stopwatch,
        _ onCreated: @Sendable (String) -> Void, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Part {
        var body = body
        body["guardrails"] = nil
        let events = HeldEvents()
        do {
            let said = (body["input"]?.array ?? []).compactMap { ($0["content"] ?? $0["output"])?.string }
            if let refusal = try await blind.refusal(of: said.filter { !$0.isEmpty }.joined(separator: "\n")) {
                await onEvent(.text(refusal))
                return Part(answer: .refusing(with: refusal), calls: [], items: [])
            }
            var part = try await respond(body, timeout, watch, nil, onCreated) { events.hold($0) }
            guard let refusal = try await blind.refusal(of: part.answer.text) else {
                for event in events.all { await onEvent(event) }
                return part
            }
            part.calls = []  // What a refused answer asks for is not done.
            part.answer = await blind.refused(part.answer, with: refusal, events.all, onEvent)
            return part
        } catch let error as WireError {
            throw error.diagnostic(address: agent.address)
        }
    }

    private func respond(
        _ body: [String: Value], _ timeout: Duration, _ watch: Stopwatch, _ pieces: PieceSink?,
        _ onCreated: @Sendable (String) -> Void, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Part {
        let reading = ResponsesReading(ResponsesReader(agent, keeping: keeping), watch, timeout: timeout)
        do {
            var part = try await server.responses.relay(
                body, secrets: request.secrets, timeout: timeout, keeping: keeping
            ) { frames in
                var part: Part?
                // Read to its end: Llama Stack 0.2 and 0.3 keep a response only once its last event is taken, and what
                // follows in the conversation needs it.
                do {
                    for try await parts in frames.using(atOnce: pieces.map { reading.handing(on: $0) }) {
                        let time = watch.elapsed
                        if time > timeout { throw server.responses.broken("no answer within the time limit") }
                        for part in parts {
                            for happening in try await reading.read(part, at: time) {
                                switch happening {
                                case .created(let id): onCreated(id)
                                case .event(let event): await onEvent(event)
                                }
                            }
                        }
                        part = reading.part
                    }
                } catch is TransportFailure where part != nil {
                    // The answer is whole; only the end of the stream is missing.
                }
                if let part { return part }
                throw ResponsesReader.Failure(message: "The stream ended before the answer did.", place: reading.place)
            }
            part.answer.tellsCitations = server.capabilities.tellsCitations
            try await names.name(&part.answer)
            return part
        } catch let failure as ResponsesReader.Failure {
            throw diagnostic(failure)
        } catch let error as WireError {
            throw error.diagnostic(address: agent.address)
        }
    }

    private func diagnostic(_ failure: ResponsesReader.Failure) -> Diagnostic {
        var diagnostic = agent.diagnostic(server.responses.broken(failure.message, code: failure.code), of: server)
        let urls = agent.tools.compactMap { $0.mcp?.url }.map { "`\($0)`" }.joined(separator: ", ")
        if failure.place == .listingTools, !urls.isEmpty {
            diagnostic.detail += " It happened while the server asked the agent's MCP servers for their tools."
            diagnostic.related = agent.tools.filter { $0.mcp?.url != nil }.map { "tools.\($0.name)" }
            diagnostic.fix = "Make sure that \(urls) can be reached from the server, and run it again."
        }
        return diagnostic
    }
}

extension Answer {
    /// Carries out the calls that a part of a turn ended with, but for those that are the caller's (`pendingCalls`).
    ///
    /// - Returns: The results; another model call follows when there are some and no call is pending. If there are
    ///   none, the answer says why.
    mutating func carryOut(
        _ calls: [FunctionCall], of agent: AgentDefinition, by local: LocalTools, timeout: Duration,
        _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> [LocalTools.Result] {
        let others = calls.filter { !local.canCarryOut($0, of: agent) }
        guard !others.isEmpty || calls.isEmpty || (steps ?? 0) < agent.maxSteps else {
            status = .incomplete
            error = Self.outOfSteps
            return []
        }
        let own = calls.filter { local.canCarryOut($0, of: agent) }
        let results = try await local.carryOut(own, of: agent, timeout: timeout, onEvent: onEvent)
        add(results)
        pendingCalls = others.map(\.pending)
        return results
    }

    /// As OGX says it.
    static let outOfSteps = "max_iterations_exceeded"
    /// As the Responses API says it.
    static let outOfTokens = "max_output_tokens"
}

extension FunctionCall {
    /// The call as the caller is told of it, who has to carry it out.
    var pending: Answer.ToolCall {
        var call = told
        call.id = id
        return call
    }
}
