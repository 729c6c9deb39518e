import Engine
import Language
import Runtime
import Wire

/// Server agents. They cannot be changed, and names are not unique: each definition has its own agent, named by its
/// digest, and a second one of a name is the leftover of a lost response.
extension AgentResource {
    /// The agents of a stack, by the address in their names; in the order in which a run looks for them.
    func serverAgents(of stack: StackName) async throws -> [Address: [LlamaStack.ServerAgent]] {
        guard let agents = llamaStack.agents else { return [:] }
        var byAddress: [Address: [LlamaStack.ServerAgent]] = [:]
        for agent in try await agents.list() {
            guard let name = agent.name.flatMap({ AgentDefinition.agentName(inServerName: $0, ofStack: stack.name) })
            else { continue }
            byAddress[Address(Self.kind, name), default: []].append(agent)
        }
        return byAddress
    }

    /// Creates the server agent of a definition when it does not exist.
    func missingServerAgent(_ live: Live, _ desired: Desired) async throws -> [LlamaStack.ServerAgent] {
        guard let agents = llamaStack.agents, let name = desired.serverName,
            !live.onServer.contains(where: { $0.name == name })
        else { return [] }
        let config = try AgentConfig.value(of: desired.definition, on: llamaStack.capabilities)
        return [LlamaStack.ServerAgent(id: try await agents.create(config), config: config)]
    }

    /// The agents that are no longer used: neither the wanted one, nor that of a version that an alias points at, or
    /// that a release may go back to.
    func unused(_ live: Live, _ desired: Desired) -> [LlamaStack.ServerAgent] {
        let aliased = live.versions.filter { !$0.aliases.isEmpty || live.retained.contains($0.number) }
        var used: Set<String> = []
        for version in aliased {
            // A definition that is too long for a tag is not read for this: then all agents stay.
            guard let definition = version.definition else { return [] }
            if definition.stack != nil, let name = try? definition.serverName { used.insert(name) }
        }
        if let name = desired.serverName { used.insert(name) }
        // Of each name, the first one is run. An agent that the spec names by its id is never touched.
        return live.onServer.filter { agent in
            used.remove(agent.name ?? "") == nil && agent.id != desired.definition.agentID
        }
    }

    func withoutUnused(_ live: Live, _ desired: Desired) async throws -> Live {
        let unused = unused(live, desired)
        try await remove(unused)
        var live = live
        live.onServer.removeAll(where: unused.contains)
        return live
    }

    func remove(_ agents: [LlamaStack.ServerAgent]) async throws {
        for agent in agents { try await llamaStack.agents?.delete(agent.id) }
    }
}

/// The agents of a server that specs name by their ids, listed once and on demand.
actor ExistingAgents {
    private let server: LlamaStack
    private var ids: [String]?

    init(_ server: LlamaStack) {
        self.server = server
    }

    /// Checks that the server has an agent.
    /// - Throws: `Diagnostic` (`lacking`) with the nearest ids when it does not.
    func require(_ id: Located<String>) async throws {
        let known = try await list()
        guard !known.contains(id.value) else { return }
        throw Diagnostic(
            "unknown-server-agent", "Unknown agent of the server",
            detail: "The server at \(server.endpoint.base) has no agent with the id `\(id.value)`.",
            fix: Suggestion.nearest(to: id.value, among: known).map { "Did you mean `\($0)`?" }
                ?? (known.isEmpty
                    ? "Leave `existing` out, and the agent is made from this spec."
                    : "Use one that it has, such as \(known.sorted().prefix(5).listed)."),
            at: id.range, cause: .lacking)
    }

    private func list() async throws -> [String] {
        if let ids { return ids }
        let listed = try await server.agents?.list().map(\.id) ?? []
        ids = listed
        return listed
    }
}
