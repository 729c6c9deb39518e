import FoundationEssentials
package import Language
import Synchronization
package import Wire

/// Runs agents as requests to the Responses API (OGX 1.5, Llama Stack since 0.3), streamed.
///
/// The server keeps no agent: every turn sends the whole definition. Turns of one conversation follow each other by
/// `previous_response_id`, for which the server has to store them; they are deleted when the conversation ends.
package struct ResponsesRuntime: AgentRuntime {
    private let server: LlamaStack
    private let tokens: [String: Secret]
    private let clock: any Clock<Duration>

    /// - Parameter tokens: bearer tokens of MCP servers, by the name of their environment variable.
    package init(
        server: LlamaStack, tokens: [String: Secret] = [:], clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.server = server
        self.tokens = tokens
        self.clock = clock
    }

    package func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        let request = try ResponsesRequest(agent, tokens: tokens)
        let conversation = Conversation { input, previous, timeout, onCreated, onEvent in
            try await turn(
                request.body(input, after: previous, isStored: true), of: agent, timeout: timeout,
                onCreated: onCreated, onEvent: onEvent
            )
        }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(conversation))
        } catch {
            result = .failure(error)
        }
        await delete(conversation.stored)
        return try result.get()
    }

    package func ask(
        _ agent: AgentDefinition, _ input: String, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let body = try ResponsesRequest(agent, tokens: tokens).body(input, after: nil, isStored: false)
        return try await turn(body, of: agent, timeout: timeout, onCreated: { _ in }, onEvent: onEvent)
    }

    private func turn(
        _ body: [String: Value], of agent: AgentDefinition, timeout: Duration,
        onCreated: @Sendable (String) -> Void, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let watch = Stopwatch(clock)
        do {
            let answer = try await server.responses.create(body, timeout: timeout) { events in
                var reader = ResponsesReader(agent)
                for try await event in events {
                    if watch.elapsed > timeout { throw server.responses.broken("no answer within the time limit") }
                    for happening in try reader.read(event.data, at: watch.elapsed) {
                        switch happening {
                        case .created(let id): onCreated(id)
                        case .event(let event): await onEvent(event)
                        }
                    }
                    if let answer = reader.answer { return answer }
                }
                throw ResponsesReader.Failure(message: "The stream ended before the answer did.", place: reader.place)
            }
            await onEvent(.finished(answer))
            return answer
        } catch let failure as ResponsesReader.Failure {
            throw diagnostic(failure, of: agent)
        } catch let error as WireError {
            throw error.diagnostic(address: "agents.\(agent.name)")
        }
    }

    /// Removes stored responses, latest first. It does so even when the task is cancelled, within a few seconds; a
    /// response that the server does not let go of is left behind, for the answers are worth more.
    private func delete(_ ids: [String]) async {
        guard !ids.isEmpty else { return }
        let responses = server.responses
        // Unstructured, and awaited here: a child of a cancelled task could send nothing any more.
        await Task {
            for id in ids.reversed() {
                do {
                    try await responses.delete(id)
                } catch {
                    return
                }
            }
        }.value
    }

    private func diagnostic(_ failure: ResponsesReader.Failure, of agent: AgentDefinition) -> Diagnostic {
        let address = "agents.\(agent.name)"
        if failure.message.contains("Model '\(agent.model)' not found") {
            return Diagnostic(
                "unknown-model", "The server does not offer this model",
                detail:
                    "The agent `\(agent.name)` uses the model `\(agent.model)`, which \(server.capabilities.product) "
                    + "at `\(server.endpoint.base)` does not offer.",
                fix: "Use the id of a model that `GET /v1/models` lists there.", address: address, exitCode: 1
            )
        }
        var diagnostic = server.responses.broken(failure.message, code: failure.code).diagnostic(address: address)
        let urls = agent.tools.compactMap { $0.mcp?.url }.map { "`\($0)`" }.joined(separator: ", ")
        if failure.place == .listingTools, !urls.isEmpty {
            diagnostic.detail += " It happened while the server asked the agent's MCP servers for their tools."
            diagnostic.fix = "Make sure that \(urls) can be reached from the server, and run it again."
        }
        return diagnostic
    }
}

/// One conversation: remembers which response was the last, and all that are stored.
private final class Conversation: AgentConversation {
    typealias Turn =
        @Sendable (
            _ input: String, _ previous: String?, _ timeout: Duration, _ onCreated: @Sendable (String) -> Void,
            _ onEvent: @Sendable (AgentEvent) async -> Void
        ) async throws -> Answer

    private struct State {
        var stored: [String] = []
        var previous: String?
    }

    private let turn: Turn
    private let state = Mutex(State())

    init(_ turn: @escaping Turn) {
        self.turn = turn
    }

    var stored: [String] {
        state.withLock { $0.stored }
    }

    func ask(
        _ input: String, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let previous = state.withLock { $0.previous }
        let answer = try await turn(
            input, previous, timeout, { id in self.state.withLock { $0.stored.append(id) } }, onEvent
        )
        state.withLock { $0.previous = answer.id }
        return answer
    }
}
