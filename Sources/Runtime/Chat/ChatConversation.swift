import Language
import Synchronization
import Wire

/// One conversation by chat completions: remembers everything that was said.
final class ChatConversation: AgentConversation {
    private let agent: AgentDefinition
    private let runtime: ChatRuntime
    private let request: ChatRequest
    private let messages: Mutex<[Value]>

    init(_ agent: AgentDefinition, _ runtime: ChatRuntime, _ request: ChatRequest) {
        self.agent = agent
        self.runtime = runtime
        self.request = request
        let instructions: Value = ["role": "system", "content": .string(agent.instructions)]
        messages = Mutex(agent.instructions.isEmpty ? [] : [instructions])
    }

    /// A turn that fails is as if it had never been.
    func ask(
        _ input: String, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let watch = Stopwatch(runtime.clock)
        var messages = messages.withLock { $0 }
        messages.append(["role": "user", "content": .string(input)])
        var whole: Answer?
        while true {
            let spoken = try await complete(messages, watch, timeout, onEvent)
            messages.append(Self.message(spoken))
            var answer = whole?.followed(by: Self.answer(spoken)) ?? Self.answer(spoken)
            answer.latency = watch.elapsed
            guard !spoken.calls.isEmpty, answer.mayGoOn(with: spoken.calls, of: agent, runtime.local) else {
                let said = messages
                self.messages.withLock { $0 = said }
                await onEvent(.finished(answer))
                return answer
            }
            let results = try await runtime.local.carryOut(
                spoken.calls, of: agent, timeout: timeout - watch.elapsed, onEvent: onEvent)
            answer.add(results)
            messages += results.map(Self.message)
            whole = answer
        }
    }

    private func complete(
        _ messages: [Value], _ watch: Stopwatch, _ timeout: Duration, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> ChatReader {
        let completions = runtime.server.chatCompletions
        do {
            return try await completions.create(request.body(messages), timeout: timeout) { chunks in
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
            throw diagnostic(completions.broken(failure.message, code: failure.code))
        } catch let error as WireError {
            throw diagnostic(error)
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

    private func diagnostic(_ error: WireError) -> Diagnostic {
        error.message.contains("Model '\(agent.model)' not found")
            ? .unknownModel(of: agent, at: runtime.server) : error.diagnostic(address: "agents.\(agent.name)")
    }
}
