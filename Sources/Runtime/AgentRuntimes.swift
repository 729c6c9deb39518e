package import Language
import Synchronization
package import Wire

/// Runs every agent in its own way: by the Responses API, as an agent of the server, or as chat completions, as its
/// definition says; with functions and other agents as tools.
///
/// Where a server has no agents, or a server agent fails before anything of an answer has arrived, an agent without
/// server tools and shields is answered by chat completions instead, and the answer says why (`Answer.fallback`).
package struct AgentRuntimes: AgentRuntime {
    private let server: LlamaStack
    private let tokens: [String: Secret]
    private let handlers: [String: any FunctionHandler]
    private let names: FileNames
    private let clock: any Clock<Duration>
    private let depth: Int

    /// The maximum depth to which agents ask other agents.
    private static let deepest = 8

    /// - Parameters:
    ///   - tokens: tokens and secret headers of MCP servers, by the name of their environment variable.
    ///   - handlers: what carries out functions, by their declared name; the others are the caller's.
    package init(
        server: LlamaStack, tokens: [String: Secret] = [:], handlers: [String: any FunctionHandler] = [:],
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.init(
            server: server, tokens: tokens, handlers: handlers, names: FileNames(server), clock: clock, depth: 0)
    }

    private init(
        server: LlamaStack, tokens: [String: Secret], handlers: [String: any FunctionHandler], names: FileNames,
        clock: any Clock<Duration>, depth: Int
    ) {
        self.server = server
        self.tokens = tokens
        self.handlers = handlers
        self.names = names
        self.clock = clock
        self.depth = depth
    }

    /// Refuses an agent that could never answer here, or that asks one.
    /// - Throws: `Diagnostic` for what the server does not offer, and for a secret of an MCP server that is not set.
    package func require(_ agent: AgentDefinition) throws(Diagnostic) {
        let isAnsweredByChat = agent.runtime == .agents && !server.capabilities.hasAgents && agent.mayFallBack
        if !isAnsweredByChat, let problem = RuntimeChoice.lacking(of: agent, on: server.capabilities).first {
            throw problem
        }
        for tool in agent.tools {
            _ = try tool.mcp?.headers(tokens, for: tool.name, of: agent)
            if let asked = tool.agent { try require(asked) }
        }
    }

    package func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        switch agent.runtime ?? .responses {
        case .responses: return try await responses.withConversation(with: agent, body)
        case .chat: return try await chat.withConversation(with: agent, body)
        case .agents: break
        }
        guard
            let agents = AgentsRuntime(server: try told(mcpHeadersOf: agent), local: local, names: names, clock: clock)
        else {
            guard agent.mayFallBack else { throw Diagnostic.noServerAgents(agent, server.capabilities) }
            let reason = "\(server.capabilities.product) \(server.capabilities.version) has no agents of its own."
            return try await chat.withConversation(with: agent) { chat in
                try await body(FallbackConversation(from: nil, to: chat, because: reason))
            }
        }
        guard agent.mayFallBack else { return try await agents.withConversation(with: agent, body) }
        return try await agents.withConversation(with: agent) { first in
            try await chat.withConversation(with: agent) { second in
                try await body(FallbackConversation(from: first, to: second, because: ""))
            }
        }
    }

    package func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        try await ask(agent, request, timeout: timeout, pieces: nil, onEvent: onEvent)
    }

    package func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration, pieces: PieceSink?,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        guard agent.runtime ?? .responses == .responses else {
            return try await withConversation(with: agent) { conversation in
                try await conversation.ask(request, timeout: timeout, onEvent: onEvent)
            }
        }
        return try await responses.ask(agent, request, timeout: timeout, pieces: pieces, onEvent: onEvent)
    }

    private var responses: ResponsesRuntime {
        ResponsesRuntime(server: server, tokens: tokens, local: local, names: names, clock: clock)
    }

    private var chat: ChatRuntime {
        ChatRuntime(server: server, local: local, clock: clock)
    }

    private var local: LocalTools {
        guard depth < Self.deepest else { return LocalTools(handlers: handlers) }
        let deeper = AgentRuntimes(
            server: server, tokens: tokens, handlers: handlers, names: names, clock: clock, depth: depth + 1)
        return LocalTools(handlers: handlers) { agent, question, timeout, onEvent in
            try await deeper.ask(agent, AgentRequest(question), timeout: timeout, onEvent: onEvent)
        }
    }

    /// The server, with the headers and tokens that an agent's MCP servers need.
    private func told(mcpHeadersOf agent: AgentDefinition) throws(Diagnostic) -> LlamaStack {
        var byURL: [String: Value] = [:]
        var secrets: [Secret] = []
        for tool in agent.tools {
            guard let mcp = tool.mcp, let url = mcp.url else { continue }
            let headers = try mcp.headers(tokens, for: tool.name, of: agent)
            var sent = headers.values
            sent["Authorization"] = headers.token.map { Secret.bearer($0).revealed }
            if !sent.isEmpty { byURL[url] = .object(sent.mapValues(Value.string)) }
            secrets += headers.secrets
        }
        return byURL.isEmpty ? server : server.telling(mcpHeaders: byURL, secrets: secrets)
    }
}

extension AgentDefinition {
    /// Whether chat completions can stand in for the server's agents: nothing that it needs is on the server, and no
    /// agent of the server is meant.
    fileprivate var mayFallBack: Bool {
        agentID == nil && tools.allSatisfy { $0.offered != nil } && (inputShields ?? []).isEmpty
            && (outputShields ?? []).isEmpty
    }
}

/// A conversation that goes on by other means when its first question fails before anything of an answer has arrived.
private final class FallbackConversation: AgentConversation {
    private let first: (any AgentConversation)?
    private let second: any AgentConversation
    private let state: Mutex<State>

    private struct State {
        /// Why the second answers; nil as long as the first does.
        var reason: String?
        var hasAnswered = false
    }

    init(from first: (any AgentConversation)?, to second: any AgentConversation, because reason: String) {
        self.first = first
        self.second = second
        state = Mutex(State(reason: first == nil ? reason : nil))
    }

    func ask(
        _ request: AgentRequest, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        guard let first, state.withLock({ $0.reason }) == nil else {
            return try await askSecond(request, timeout, onEvent)
        }
        do {
            let answer = try await first.ask(request, timeout: timeout) { event in
                state.withLock { $0.hasAnswered = true }
                await onEvent(event)
            }
            return answer
        } catch let diagnostic as Diagnostic {
            // A refusal stands: the question was not asked yet.
            let isRefused = diagnostic.cause == .lacking || diagnostic.cause == .usage
            guard !isRefused, !state.withLock({ $0.hasAnswered }) else { throw diagnostic }
            state.withLock { $0.reason = diagnostic.detail }
            return try await askSecond(request, timeout, onEvent)
        }
    }

    private func askSecond(
        _ request: AgentRequest, _ timeout: Duration, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        let reason = state.withLock { $0.reason }
        var answer = try await second.ask(request, timeout: timeout) { event in
            guard case .finished(var answer) = event else { return await onEvent(event) }
            answer.fallback = reason
            await onEvent(.finished(answer))
        }
        answer.fallback = reason
        return answer
    }
}

extension Diagnostic {
    fileprivate static func noServerAgents(_ agent: AgentDefinition, _ server: Capabilities) -> Diagnostic {
        Diagnostic(
            "not-offered", "Something that the server does not offer",
            detail: "The agent `\(agent.name)` runs as an agent of the server, and \(server.product) \(server.version) "
                + "has none; chat completions cannot stand in for its tools, its shields or its id.",
            fix: "Apply again, so that it is run in a way that this server offers.", address: agent.address,
            cause: .lacking
        )
    }
}
