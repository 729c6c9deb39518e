package import Engine
import Language
import Runtime
import Wire

/// Server agents. They cannot be changed, and names are not unique: each definition has its own agent, named by its
/// digest, and a second one of a name is the leftover of a lost response.
extension AgentResource {
    /// The agents of a stack; in the order in which a run looks for them.
    func serverAgents(of stack: StackName) async throws -> [LlamaStack.ServerAgent] {
        try await llamaStack.agents?.list().filter { address(of: $0, in: stack) != nil } ?? []
    }

    private func address(of agent: LlamaStack.ServerAgent, in stack: StackName) -> Address? {
        agent.name.flatMap { AgentDefinition.agentName(inServerName: $0, ofStack: stack.name) }.map {
            Address(Self.kind, $0)
        }
    }

    /// The same agents by address: the one in its name, or, where that is not declared any more, that of the version that one
    /// was made for, which may have been moved.
    func placed(
        _ agents: [LlamaStack.ServerAgent], beside lives: [Address: Live], of stack: StackName,
        isDeclared: (Address) -> Bool
    ) -> [Address: [LlamaStack.ServerAgent]] {
        var owners: [String: Address] = [:]
        for (address, live) in lives.sorted(by: { $0.key < $1.key }) {
            for version in live.versions { version.serverName.map { owners[$0] = address } }
        }
        var byAddress: [Address: [LlamaStack.ServerAgent]] = [:]
        for agent in agents {
            guard let named = address(of: agent, in: stack) else { continue }
            let owner = isDeclared(named) ? nil : agent.name.flatMap { owners[$0] }
            byAddress[owner ?? named, default: []].append(agent)
        }
        return byAddress
    }

    /// Notes the names of the server agents that versions with an alias use, or that a release may go back to. What one version
    /// asks is any agent's: where it cannot be read, nothing is known of all.
    func noteNamesInUse(_ lives: inout [Address: Live]) async {
        var all: Set<String>? = []
        for live in lives.values {
            let own = await namesInUse(by: live)
            all = own.flatMap { all?.union($0) }
        }
        for address in lives.keys { lives[address]?.namesInUse = all }
    }

    /// - Returns: nil where one of its versions cannot be read: then all server agents stay.
    private func namesInUse(by live: Live) async -> Set<String>? {
        let kept = live.versions.filter { !$0.aliases.isEmpty || live.retained.contains($0.uri) }
        do {
            let definitions = try await kept.concurrentMap(limit: 8) { try await mlflow?.definition(of: $0) }
            return Set(try definitions.flatMap { try $0?.serverNames ?? [] })
        } catch {
            return nil
        }
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
        guard var used = live.namesInUse else { return [] }
        if let name = desired.serverName { used.insert(name) }
        // Of each name, the first one is run. An agent that the spec names by its id is never touched.
        return live.onServer.filter { agent in
            used.remove(agent.name ?? "") == nil && agent.id != desired.definition.agentID
        }
    }

    package func remainders(of live: Live, beside desired: Desired) -> Remainders<Live> {
        let unused = unused(live, desired)
        let stays = live.onServer.filter { agent in
            live.namesInUse?.contains(agent.name ?? "") == true && agent.name != desired.serverName
                && agent.id != desired.definition.agentID && !unused.contains(agent)
        }
        return Remainders(
            field: Self.formerAgents, unused: unused.map(\.label),
            used: stays.map { Remainders.Used(label: $0.label, live: Live(onServer: [$0])) })
    }

    package func areUsed(_ lives: [Live], after beforehand: Beforehand) async throws -> [Bool] {
        let used = try await inUse(beforehand)
        return lives.map { live in live.onServer.contains { used.contains($0.name ?? "") } }
    }

    /// The field of a plan that names server agents of earlier definitions.
    static let formerAgents = "serverAgents"

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

extension AgentResource.Live {
    /// Server agents alone.
    init(onServer: [LlamaStack.ServerAgent]) {
        self.init(current: nil, others: [], onServer: onServer)
    }
}

extension LlamaStack.ServerAgent {
    /// `agent a-1 (helpdesk/support@0123456789ab)`.
    var label: String { "agent \(id) (\(name ?? ""))" }
}

extension AgentVersion {
    /// The name of the server agent that it runs as; nil where it runs otherwise, or its definition is not at hand.
    fileprivate var serverName: String? {
        guard let definition, definition.stack != nil, definition.agentID == nil else { return nil }
        return try? definition.serverName  // A definition always encodes.
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
