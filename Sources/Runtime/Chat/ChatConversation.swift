import Language
import Synchronization
import Wire

/// One conversation by chat completions: remembers everything that was said.
final class ChatConversation: AgentConversation {
    private let agent: AgentDefinition
    private let runtime: ChatRuntime
    private let messages: Mutex<[Value]>

    init(_ agent: AgentDefinition, _ runtime: ChatRuntime) {
        self.agent = agent
        self.runtime = runtime
        let instructions: Value = ["role": "system", "content": .string(agent.instructions)]
        messages = Mutex(agent.instructions.isEmpty ? [] : [instructions])
    }

    /// A turn that fails is as if it had never been.
    func ask(
        _ request: AgentRequest, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let sent = runtime.server.endpoint.sent
        let cleared = ClearedEvents(sent)
        return sent.cleared(try await turn(request, timeout) { await cleared.tell($0, to: onEvent) })
    }

    private func turn(
        _ request: AgentRequest, _ timeout: Duration, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let watch = Stopwatch(runtime.clock)
        let agent = try agent.varied(by: request)
        let (body, local) = (try ChatRequest(agent), runtime.local.leaving(request.functions))
        var messages = try messages.withLock { $0 } + ChatMessages.messages(request.items, of: agent)
        var whole: Answer?
        while true {
            let spoken = try await complete(body.body(messages), watch, timeout, onEvent)
            messages.append(Self.message(spoken))
            var answer = whole?.followed(by: Self.answer(spoken)) ?? Self.answer(spoken)
            let results = try await answer.carryOut(
                spoken.calls, of: agent, by: local, timeout: timeout - watch.elapsed, onEvent)
            messages += results.map(Self.message)
            answer.latency = watch.elapsed
            guard !results.isEmpty, answer.pendingCalls.isEmpty else {
                let said = messages
                self.messages.withLock { $0 = said }
                await onEvent(.finished(answer))
                return answer
            }
            whole = answer
        }
    }

    private func complete(
        _ body: [String: Value], _ watch: Stopwatch, _ timeout: Duration,
        _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> ChatReader {
        let completions = runtime.server.chatCompletions
        do {
            return try await completions.create(body, timeout: timeout) { chunks in
                var reader = ChatReader()
                for try await chunk in chunks {
                    if watch.elapsed > timeout { throw completions.broken("no answer within the time limit") }
                    if let text = try reader.read(chunk.data, at: watch.elapsed) { await onEvent(.text(text)) }
                }
                guard reader.reason != nil else {
                    throw ChatReader.Failure(message: "The stream ended before the answer did.")
                }
                return reader
            }
        } catch let failure as ChatReader.Failure {
            throw agent.diagnostic(completions.broken(failure.message, code: failure.code), of: runtime.server)
        } catch let error as WireError {
            throw agent.diagnostic(error, of: runtime.server)
        }
    }

    private static func answer(_ spoken: ChatReader) -> Answer {
        var answer = Answer(
            status: .completed, text: spoken.text, hasMessage: !spoken.text.isEmpty, usage: spoken.usage, steps: 1,
            timeToFirstToken: spoken.timeToFirstToken, streamedText: spoken.text)
        if let reason = spoken.reason, !["stop", "tool_calls", "function_call"].contains(reason) {
            answer.status = .incomplete
            answer.error = reason
        }
        answer.refuses = spoken.refuses || spoken.reason == Answer.filteredContent
        return answer
    }

    private static func message(_ spoken: ChatReader) -> Value {
        var message: [String: Value] = ["role": "assistant", "content": .string(spoken.text)]
        let calls: [Value] = spoken.calls.map { call in
            [
                "id": .string(call.id), "type": "function",
                "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
            ]
        }
        if !calls.isEmpty { message["tool_calls"] = .array(calls) }
        return .object(message)
    }

    private static func message(_ result: LocalTools.Result) -> Value {
        ["role": "tool", "tool_call_id": .string(result.id), "content": .string(result.output)]
    }
}
