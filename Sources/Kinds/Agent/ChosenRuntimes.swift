import Engine
import Language
import Runtime
import Wire

/// The runtimes of the declared agents on a server, chosen from the spec alone, so that an agent and its tools follow
/// the same choice before anything is looked up.
struct ChosenRuntimes: Sendable {
    /// The MCP tools of server agents: the server knows them only as registered tool groups.
    let toolGroups: Set<Address>
    /// The ids of server agents that the spec names.
    let existingAgents: Set<String>
    private let runtimes: [Address: AgentDefinition.Runtime]

    init(_ workflow: Workflow, on capabilities: Capabilities) {
        var runtimes: [Address: AgentDefinition.Runtime] = [:]
        var groups: Set<Address> = []
        var existing: Set<String> = []
        for (declaration, spec) in workflow.specs(of: AgentSpec.self) {
            let outline = AgentDefinition(outlining: spec, at: declaration.address, in: workflow, on: capabilities)
            let runtime = RuntimeChoice.runtime(of: outline, forced: spec.runtime, on: capabilities)
            runtimes[declaration.address] = runtime
            if let id = spec.existing?.value { existing.insert(id) }
            guard runtime == .agents, spec.existing == nil, capabilities.offers(.toolGroups) else { continue }
            let tools = spec.tools.map { Address(ToolResource.kind, $0.value) }
            groups.formUnion(tools.filter { (workflow[$0]?.spec as? ToolSpec)?.mcp?.url != nil })
        }
        self.runtimes = runtimes
        toolGroups = groups
        existingAgents = existing
    }

    /// The runtime of a declared agent.
    subscript(agent: Address) -> AgentDefinition.Runtime {
        runtimes[agent] ?? .responses
    }
}

extension AgentDefinition {
    /// An outline of a definition, as far as the choice of a runtime needs it: names stand for the server's ids.
    fileprivate init(
        outlining spec: AgentSpec, at address: Address, in workflow: Workflow, on capabilities: Capabilities
    ) {
        self.init(
            name: address.name, model: spec.model.value, instructions: "",
            tools: spec.tools.compactMap { name in
                let tool = workflow[Address(ToolResource.kind, name.value)]?.spec as? ToolSpec
                return tool?.outline(named: name.value)
            }, sampling: spec.sampling, maxSteps: spec.maxSteps, toolChoice: spec.toolChoice,
            responseFormat: spec.responseFormat)
        func asked(_ shields: [Located<String>]) -> [String]? {
            let asked = shields.map(\.value).filter { name in
                let shield = workflow[Address(ShieldResource.kind, name)]?.spec as? ShieldSpec
                return capabilities.offers(.shields) || shield?.mayBeSkipped != true
            }
            return asked.isEmpty ? nil : asked
        }
        inputShields = asked(spec.inputShields)
        outputShields = asked(spec.outputShields)
        agentID = spec.existing?.value
    }
}

extension ToolSpec {
    /// A tool of such an outline.
    func outline(named name: String) -> ToolDefinition? {
        if fileSearch != nil { return ToolDefinition(name: name, fileSearch: .init(vectorStores: [])) }
        if let mcp {
            return ToolDefinition(
                name: name,
                mcp: .init(
                    url: mcp.url?.value, connector: mcp.connector?.value, allow: mcp.allow,
                    requireApproval: mcp.requireApproval))
        }
        if let function {
            return ToolDefinition(
                name: name, function: .init(description: function.description, parameters: function.parameters))
        }
        if let builtin { return ToolDefinition(name: name, builtin: builtin) }
        if let toolGroup {
            let keys = (toolGroup.arguments?.entries ?? []).map { ($0.key, Value.null) }
            return ToolDefinition(
                name: name, toolGroup: .init(id: toolGroup.id, args: .object(Dictionary(keys) { first, _ in first })))
        }
        return agent.map {
            ToolDefinition(name: name, agent: AgentDefinition(name: $0.value, model: "", instructions: ""))
        }
    }
}
