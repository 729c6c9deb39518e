import Language
import Synchronization
import Wire

/// One conversation with a served agent: remembers everything that was said.
final class RemoteConversation: AgentConversation {
    private let agent: AgentDefinition
    private let runtime: RemoteRuntime
    private let id: String
    private let history = Mutex<[Value]>([])

    /// - Parameters:
    ///   - agent: its name is empty for an agent that nothing is known of.
    ///   - id: what the server is told the conversation is called.
    init(_ agent: AgentDefinition, _ runtime: RemoteRuntime, id: String) {
        self.agent = agent
        self.runtime = runtime
        self.id = id
    }

    /// A turn that fails is as if it had never been.
    func ask(
        _ request: AgentRequest, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let sent = runtime.served.endpoint.sent
        let cleared = ClearedEvents(sent)
        return sent.cleared(try await turn(request, timeout) { await cleared.tell($0, to: onEvent) })
    }

    private func turn(
        _ request: AgentRequest, _ timeout: Duration, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let watch = Stopwatch(runtime.clock)
        let asked = try asked(request)
        var said = history.withLock { $0 } + request.items
        var whole: Answer?
        for step in 1... {
            let (part, output) = try await invoke(asked, said, watch, timeout, onEvent)
            said += output.values
            var answer = whole?.followed(by: part) ?? part
            let calls = answer.status == .completed ? output.waiting : []
            let goesOn = mayGoOn(&answer, with: calls, after: step)
            let results =
                goesOn
                ? try await runtime.local.carryOut(
                    calls, of: agent, timeout: timeout - watch.elapsed, onEvent: onEvent) : []
            answer.add(results)
            answer.latency = watch.elapsed
            said += results.map(Self.item)
            whole = answer
            if !goesOn { break }
        }
        guard let answer = whole else { preconditionFailure("A turn has at least one step.") }
        let conversation = said
        history.withLock { $0 = conversation }
        await onEvent(.finished(answer))
        return answer
    }

    /// The fields of the request besides its input.
    private func asked(_ request: AgentRequest) throws(Diagnostic) -> [String: Value] {
        let runtime = "an agent that is served"
        try request.requireNoFunctions(of: agent, runtime)
        try request.requireTuning(
            among: ["sampling.temperature", "sampling.topP", "sampling.maxTokens"], of: agent, runtime)
        var context: [String: Value] = ["conversation_id": .string(request.conversation ?? id)]
        context["user_id"] = request.user.map(Value.string)
        var asked: [String: Value] = ["context": .object(context)]
        asked["temperature"] = request.sampling.temperature.map(Value.number)
        asked["top_p"] = request.sampling.topP.map(Value.number)
        asked["max_output_tokens"] = request.sampling.maxTokens.map(Value.integer)
        return asked
    }

    /// Whether there are calls, and all of them can be carried out here, and the agent may be asked once more.
    private func mayGoOn(_ answer: inout Answer, with calls: [FunctionCall], after step: Int) -> Bool {
        guard !calls.isEmpty else { return false }
        // A call of something that is not declared here must not be answered with "there is no such tool".
        let areOurs = calls.allSatisfy { call in
            agent.tools.contains { $0.name == call.name && $0.function != nil }
                && runtime.local.canCarryOut(call, of: agent)
        }
        guard areOurs else {
            answer.pendingCalls = calls.map(\.pending)
            return false
        }
        guard step < agent.maxSteps else {
            answer.status = .incomplete
            answer.error = Answer.outOfSteps
            return false
        }
        return true
    }

    private func invoke(
        _ asked: [String: Value], _ input: [Value], _ watch: Stopwatch, _ timeout: Duration,
        _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> (Answer, ServedOutput) {
        let body = asked.merging(["input": .array(input)]) { $1 }
        do {
            return try await runtime.served.invoke(body, timeout: timeout - watch.elapsed) { reply in
                switch reply {
                case .events(let events): try await read(events, watch, timeout, onEvent)
                case .whole(let body): try await read(body, watch, onEvent)
                }
            }
        } catch let error as WireError {
            throw error.diagnostic(address: agent.address)
        }
    }

    private func read(
        _ events: any AsyncSequence<ServerSentEvent, any Error>, _ watch: Stopwatch, _ timeout: Duration,
        _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> (Answer, ServedOutput) {
        var reader = InvocationReader(agent)
        do {
            for try await event in events {
                if watch.elapsed > timeout { throw runtime.served.broken("no answer within the time limit") }
                for happening in try reader.read(event.data, at: watch.elapsed) { await onEvent(happening) }
            }
        } catch is TransportFailure where reader.answer != nil {
            // The answer is whole; only the end of the stream is missing.
        } catch let failure as InvocationReader.Failure {
            throw runtime.served.broken(failure.message, code: failure.code)
        }
        guard let answer = reader.answer else {
            throw runtime.served.broken("The stream ended before the answer did.")
        }
        return (answer, reader.output)
    }

    private func read(
        _ body: Value, _ watch: Stopwatch, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> (Answer, ServedOutput) {
        var reader = InvocationReader(agent)
        do {
            for event in try reader.read(whole: body, at: watch.elapsed) { await onEvent(event) }
        } catch let failure as InvocationReader.Failure {
            throw runtime.served.unreadable(failure.message)
        }
        guard let answer = reader.answer else { throw runtime.served.unreadable("The answer is no agent's.") }
        if !answer.text.isEmpty { await onEvent(.text(answer.text)) }
        return (answer, reader.output)
    }

    private static func item(_ result: LocalTools.Result) -> Value {
        ["type": "function_call_output", "call_id": .string(result.id), "output": .string(result.output)]
    }
}
