import Language
import Synchronization
package import Wire

/// Records the trace of one conversation with an agent, from the events of its runtime.
package final class TraceRecorder: Sendable {
    private struct State {
        var turns: [Span] = []
        var messages: [Value] = []
        var questions: [String] = []
        var answers: [String] = []
        var scope: AgentScope?
    }

    private let agent: AgentDefinition
    private let id: TraceID
    private let now: @Sendable () -> Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - id: The id of the trace.
    ///   - start: The time, in nanoseconds since 1970.
    ///   - clock: Measures the time since `start`.
    package init(_ agent: AgentDefinition, id: TraceID, start: Int, clock: some Clock<Duration> = ContinuousClock()) {
        self.agent = agent
        self.id = id
        let watch = Stopwatch(clock)
        now = { start + Int((watch.elapsed / .nanoseconds(1)).rounded()) }
    }

    /// Records one turn: passes `body` a closure that takes its events.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, which ends the turn with an error.
    package func turn(
        _ question: String, _ body: (@escaping @Sendable (AgentEvent) -> Void) async throws -> Answer
    ) async throws -> Answer {
        let begun = now()
        state.withLock { state in
            state.scope = AgentScope(agent, asked: question, after: state.messages, at: begun)
            state.questions.append(question)
        }
        do {
            let answer = try await body { self.take($0) }
            end { $0.finish(with: answer, at: $1) }
            state.withLock { $0.answers.append(answer.text) }
            return answer
        } catch {
            let reason =
                error is CancellationError ? "The conversation broke off." : Diagnostic.from(error, at: nil).detail
            end { $0.fail(because: reason, at: $1) }
            throw error
        }
    }

    /// Records the one turn of a request: what was said before it, as messages to the model, and its last question.
    package func turn(
        _ request: AgentRequest, _ body: (@escaping @Sendable (AgentEvent) -> Void) async throws -> Answer
    ) async throws -> Answer {
        let messages = request.items.flatMap(AgentScope.messages)
        let last = messages.lastIndex { $0["role"] == "user" }
        let earlier = last.map { Array(messages[..<$0]) } ?? messages
        if !earlier.isEmpty {
            state.withLock { $0.messages = [AgentScope.message("system", agent.instructions)] + earlier }
        }
        return try await turn(last.flatMap { messages[$0]["content"]?.string } ?? "", body)
    }

    /// The trace of all turns so far. Several turns have a common root span.
    /// - Parameter failure: Why the conversation was not finished; nil when it was, or when its turns say why.
    package func trace(failure: String? = nil) -> Trace {
        state.withLock { state in
            var trace = Trace(
                id: id, root: root(of: state, failure), request: state.questions.joined(separator: "\n"),
                response: state.answers.joined(separator: "\n"))
            trace.prompts = agent.prompts
            return trace
        }
    }

    private func take(_ event: AgentEvent) {
        state.withLock { $0.scope?.take(event, at: now()) }
    }

    private func end(_ body: (inout AgentScope, Int) -> Span) {
        let time = now()
        state.withLock { state in
            guard var scope = state.scope else { return }
            state.turns.append(body(&scope, time))
            state.messages = scope.messages
            state.scope = nil
        }
    }

    private func root(of state: State, _ failure: String?) -> Span {
        if state.turns.count == 1, var turn = state.turns.first {
            if turn.error != nil { turn.error = failure ?? turn.error }
            return turn
        }
        let time = now()
        let asked = state.questions.map { AgentScope.message("user", $0) }
        var root = Span(
            agent.name, .agent, start: state.turns.first?.start ?? time, end: state.turns.last?.end ?? time,
            inputs: ["input": .array(asked)], outputs: state.turns.last?.outputs)
        let broken = state.turns.compactMap(\.error).first
        root.error = broken == nil && !state.turns.isEmpty ? nil : failure ?? broken
        root.children = state.turns
        return root
    }
}
