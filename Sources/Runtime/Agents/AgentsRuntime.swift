import FoundationEssentials
import Language
import Wire

/// Runs agents as agents of the server (Llama Stack 0.2 and 0.3): a session for each conversation, a streamed turn for
/// each question, resumed with the results of functions that are called.
///
/// A definition with an `agentID` uses that agent as it is. Otherwise the agent is found by its name, which holds the
/// digest of the definition, and made when it is not there; it stays, for others to find. Sessions are removed.
struct AgentsRuntime: AgentRuntime {
    let server: LlamaStack
    let agents: LlamaStack.Agents
    let local: LocalTools
    let names: FileNames
    let clock: any Clock<Duration>

    /// nil on a server without agents.
    ///
    /// - Parameter server: with what MCP servers are sent, which travels as provider data.
    init?(server: LlamaStack, local: LocalTools, names: FileNames, clock: any Clock<Duration>) {
        guard let agents = server.agents else { return nil }
        self.server = server
        self.agents = agents
        self.local = local
        self.names = names
        self.clock = clock
    }

    func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        let conversation = AgentsConversation(agent, self)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(conversation))
        } catch {
            result = .failure(error)
        }
        await remove(conversation.opened)
        return try result.get()
    }

    /// Opens a session of the agent, which is made when it is not there.
    func open(_ agent: AgentDefinition) async throws -> LlamaStack.Session {
        do {
            let id = try await find(agent)
            return LlamaStack.Session(agent: id, id: try await agents.createSession(of: id, named: "drover"))
        } catch let error as WireError {
            throw error.diagnostic(address: agent.address)
        }
    }

    private func find(_ agent: AgentDefinition) async throws -> String {
        if let id = agent.agentID { return id }
        let config = try AgentConfig.value(of: agent, on: server.capabilities)
        let name = try agent.serverName
        // Names are not unique: of several, all take the same.
        if let found = try await agents.list().first(where: { $0.name == name }) { return found.id }
        return try await agents.create(config)
    }

    /// Removes a session, also when the task is cancelled; one that the server does not remove soon is left behind,
    /// since the answer waits for this.
    private func remove(_ session: LlamaStack.Session?) async {
        guard let session else { return }
        let agents = agents
        // Unstructured, and awaited here: a child of a cancelled task could send nothing any more.
        await Task {
            do {
                try await agents.deleteSession(session)
            } catch {}  // The answers are worth more than a tidy server.
        }.value
    }
}
