package import Language
package import Wire

/// The choice of a runtime for an agent, and what it does not support: pure functions of a definition and a server.
///
/// A plan makes the choice and stores it in `AgentDefinition.runtime`, which is followed when the agent is run.
package enum RuntimeChoice {
    /// The runtime of a definition on a server: the forced one, else the newest one that the server offers and that
    /// supports the definition.
    ///
    /// On 0.2 that is a server agent (its Responses API knows no shields and no usage). Later it is the Responses API;
    /// on 0.3 a server agent where the Responses API lacks something that is asked for (a server's own tool groups,
    /// different shields for questions and answers).
    package static func runtime(
        of agent: AgentDefinition, forced: AgentDefinition.Runtime? = nil, on server: Capabilities
    ) -> AgentDefinition.Runtime {
        if let forced { return forced }
        if agent.agentID != nil { return .agents }
        if server.hasAgents {
            guard server.hasResponses, server.prefersResponses else { return .agents }
            return lacks(agent, .responses, on: server).isEmpty ? .responses : .agents
        }
        return server.hasResponses ? .responses : .chat
    }

    /// What the runtime of a definition cannot do: errors (`lacking`) for what would be missing, warnings for what
    /// would be ignored, of the agent itself and of the agents that it asks as tools. A definition without a `runtime`
    /// is taken for one that runs by the Responses API.
    package static func problems(of agent: AgentDefinition, on server: Capabilities) -> [Diagnostic] {
        let runtime = agent.runtime ?? .responses
        let lacking = lacking(of: agent, on: server)
        let ignored = ignores(agent, runtime, on: server).map { unheard($0, agent, runtime, server) }
        return lacking + ignored + agent.tools.compactMap(\.agent).flatMap { problems(of: $0, on: server) }
    }

    /// The errors among the problems of an agent itself.
    static func lacking(of agent: AgentDefinition, on server: Capabilities) -> [Diagnostic] {
        let runtime = agent.runtime ?? .responses
        return lacks(agent, runtime, on: server).map { missing($0, agent, runtime, server) }
    }

    /// A requested feature that is not supported, and where it would be.
    private struct Lack {
        var what: String
        var remedy: String
    }

    private static func lacks(
        _ agent: AgentDefinition, _ runtime: AgentDefinition.Runtime, on server: Capabilities
    ) -> [Lack] {
        switch runtime {
        case .agents: lacksOfAgents(agent, server)
        case .responses: lacksOfResponses(agent, server)
        case .chat: lacksOfChat(agent, server)
        }
    }

    private static func lacksOfAgents(_ agent: AgentDefinition, _ server: Capabilities) -> [Lack] {
        guard server.hasAgents else {
            let remedy =
                agent.agentID == nil
                ? "\(has(.serverAgents)); use `runtime: auto`."
                : "\(has(.serverAgents)); leave `existing` out, or its id empty."
            return [Lack(what: "agents on the server", remedy: remedy)]
        }
        var lacks: [Lack] = []
        if agent.responseFormat != nil, !server.agentsTakeFormats {
            let remedy = "Its agents refuse every `responseFormat`; use `runtime: responses`."
            lacks.append(Lack(what: "answers that follow a schema", remedy: remedy))
        }
        return lacks
            + agent.tools.compactMap { tool in
                guard let mcp = tool.mcp else { return nil }
                if mcp.connector != nil {
                    return Lack(
                        what: "connectors (tool `\(tool.name)`)",
                        remedy: "\(has(.connectors)), for the Responses API; or write the server's `url`.")
                }
                if mcp.requireApproval == "always" {
                    return Lack(what: "approvals of calls (tool `\(tool.name)`)", remedy: "Use the Responses API.")
                }
                return nil
            }
    }

    private static func lacksOfResponses(_ agent: AgentDefinition, _ server: Capabilities) -> [Lack] {
        var lacks: [Lack] = []
        if !server.hasResponses { lacks.append(Lack(what: "the Responses API", remedy: "Use `runtime: auto`.")) }
        let (input, output) = (agent.inputShields ?? [], agent.outputShields ?? [])
        if input != output {
            let remedy = "Its Responses API has one list of guardrails: give both the same shields."
            lacks.append(Lack(what: "different shields for questions and answers", remedy: remedy))
        }
        if !input.isEmpty, !server.hasGuardrails {
            lacks.append(Lack(what: "shields in responses", remedy: "\(has(.guardrails))."))
        }
        for tool in agent.tools {
            if tool.mcp?.connector != nil, server.connectorsPath == nil {
                lacks.append(Lack(what: "connectors (tool `\(tool.name)`)", remedy: "\(has(.connectors))."))
            }
            if let group = tool.toolGroup, ResponsesRequest.equivalent(of: group) == nil {
                let remedy = "\(has(.serverAgents)), for agents with `runtime: agents`."
                lacks.append(Lack(what: "the tool group `\(group.id)` in responses", remedy: remedy))
            }
        }
        return lacks
    }

    private static func has(_ feature: Capabilities.Feature) -> String {
        "\(feature.versions) have them"
    }

    private static func lacksOfChat(_ agent: AgentDefinition, _ server: Capabilities) -> [Lack] {
        var lacks = agent.tools.filter { $0.offered == nil }.map { tool in
            Lack(
                what: "tools of the server (`\(tool.name)`) in chat completions",
                remedy: "Use `runtime: auto`; chat completions have functions and agents as tools only.")
        }
        if !(agent.inputShields ?? []).isEmpty || !(agent.outputShields ?? []).isEmpty {
            lacks.append(Lack(what: "shields in chat completions", remedy: "Use `runtime: auto`."))
        }
        return lacks
    }

    /// The sampling fields that are ignored.
    private static func ignores(
        _ agent: AgentDefinition, _ runtime: AgentDefinition.Runtime, on server: Capabilities
    ) -> [String] {
        let set = [
            "sampling.temperature": agent.sampling?.temperature != nil, "sampling.topP": agent.sampling?.topP != nil,
            "sampling.maxTokens": agent.sampling?.maxTokens != nil, "sampling.stop": agent.sampling?.stop != nil,
            "sampling.seed": agent.sampling?.seed != nil, "toolChoice": agent.toolChoice != nil,
        ]
        let heeded: Set<String>
        switch runtime {
        case .agents: heeded = server.tuningHeededByAgents
        case .responses: heeded = server.heededTuning
        case .chat: heeded = Set(set.keys)
        }
        return set.filter { $0.value && !heeded.contains($0.key) }.keys.sorted()
    }

    private static func missing(
        _ lack: Lack, _ agent: AgentDefinition, _ runtime: AgentDefinition.Runtime, _ server: Capabilities
    ) -> Diagnostic {
        Diagnostic(
            "not-offered", "Something that the server does not offer",
            detail: "The agent `\(agent.name)` needs \(lack.what), which \(server.product) \(server.version) does not "
                + "offer to agents that run as \(runtime.description).",
            fix: lack.remedy, address: agent.address, cause: .lacking
        )
    }

    private static func heeding(_ field: String, _ runtime: AgentDefinition.Runtime) -> String? {
        runtime == .responses ? Capabilities.versions(heeding: field) : nil
    }

    private static func unheard(
        _ field: String, _ agent: AgentDefinition, _ runtime: AgentDefinition.Runtime, _ server: Capabilities
    ) -> Diagnostic {
        Diagnostic(
            "ignored-field", "A field that the server ignores",
            detail: "The agent `\(agent.name)` runs as \(runtime.description) on \(server.product) \(server.version), "
                + "which ignores `\(field)`: it is not sent.",
            fix: "Leave it out, or put up with it." + (heeding(field, runtime).map { " What heeds it: \($0)." } ?? ""),
            address: agent.address, severity: .warning
        )
    }
}

extension AgentDefinition.Runtime {
    /// Its name in messages.
    package var description: String {
        switch self {
        case .responses: "requests to the Responses API"
        case .agents: "an agent of the server"
        case .chat: "chat completions"
        }
    }
}
