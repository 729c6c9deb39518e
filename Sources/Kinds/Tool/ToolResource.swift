package import Engine
import Language
import Runtime
package import Wire

/// Tools. They are part of an agent's definition and never appear in a plan, except for the MCP servers of server
/// agents: these are registered as tool groups, which carry no mark, so that ours are those that the record names.
package struct ToolResource: Resource {
    package static let kind = "tools"
    package static let onDelete = OnDelete.delete
    package static let isReplaceable = true

    /// What a tool is for an agent.
    package struct Desired: Sendable {
        var definition: ToolDefinition
        /// nil when it exists in the definition only.
        var group: Group?
        /// What its calls do beside what its definition says, for its identity.
        var behaviour: AppliedFields = [:]
    }

    /// A tool group to be registered.
    struct Group: Sendable, Hashable {
        var id: String
        var endpoint: String
        /// The allowed tools; nil for all.
        var allow: [String]?
    }

    let server: LlamaStack?
    private let groups: Set<Address>
    private let existingAgents: Set<String>
    private let stack: StackName
    private let connectors: ConnectorListing?
    private let folder: SpecFolder?
    /// The ids of the tool groups that the spec itself names.
    private let named: NamedIDs?
    /// The ids of the tool groups that versions with an alias call, or the spec names.
    private let inUse: InUse

    /// Creates a resource.
    /// - Parameters:
    ///   - server: nil when nothing in the spec needs one.
    ///   - groups: The MCP tools that are registered as tool groups.
    ///   - existingAgents: The ids of server agents that the spec names: what they use is retained.
    ///   - named: The ids of the tool groups that the spec itself names.
    ///   - folder: Where the scripts of functions are; nil for none.
    init(
        _ server: LlamaStack?, groups: Set<Address>, existingAgents: Set<String> = [], stack: StackName,
        named: NamedIDs? = nil, folder: SpecFolder? = nil, inUse: @escaping InUse = { _ in UsedIDs() }
    ) {
        self.named = named
        self.inUse = inUse
        self.folder = folder
        self.existingAgents = existingAgents
        self.server = server
        self.groups = groups
        self.stack = stack
        connectors = server.map(ConnectorListing.init)
    }

    package func reasonsToWait(
        _ lives: [LlamaStack.ToolGroup], after removed: Set<Address>
    ) async throws -> [Usage?] {
        let used = try await inUse(Beforehand(removed: removed))
        return lives.map {
            named?.usage(of: $0.id, after: removed) ?? used.usage(of: $0.id, "calls", "call")
        }
    }

    package var isKnownByRecord: Bool { server?.capabilities.offers(.toolGroups) == true }
    package var listsKeys: Bool { isKnownByRecord }

    package func discover(
        _ wanted: [Address: ToolSpec], of stack: StackName
    ) async throws -> [Discovered<LlamaStack.ToolGroup>] {
        try await discover(wanted, of: stack, knowing: AwaitedRecord(Record()))
    }

    package func discover(
        _ wanted: [Address: ToolSpec], of stack: StackName, knowing record: AwaitedRecord
    ) async throws -> [Discovered<LlamaStack.ToolGroup>] {
        let keys = RecordedKeys(Self.kind, try await record.value())
        let registered = wanted.filter { groups.contains($0.key) }
        guard let server, isKnownByRecord, !(registered.isEmpty && keys.isEmpty) else { return [] }
        let names = Dictionary(registered.map { (groupID($1, at: $0), $0) }) { first, _ in first }
        let listed = try await server.toolGroups.list()
        let found = keys.sorted(listed, wanted: names, fields: fields(of:)) { "tool group \($0)" }
        // A declared tool that no longer needs a group exists in the definition only: its group is a leftover.
        let used = try await groupsOfExistingAgents(on: server)
        return try await found.map { each in
            let isLeft = wanted[each.address] != nil && !groups.contains(each.address)
            return Discovered(
                each.address, each.ownership, each.live, label: each.label, isStale: each.isStale || isLeft,
                isSetAside: !groups.contains(each.address) && used.contains(each.live.id))
        }.holding(inUse, whereWanted: { wanted[$0] != nil }, id: \.id)
    }

    package func areUsed(_ lives: [LlamaStack.ToolGroup], after beforehand: Beforehand) async throws -> [Bool] {
        let used = try await inUse(beforehand)
        return lives.map { used.contains($0.id) }
    }

    package static let importKey: String? = "the tool group's id"

    package func find(_ id: String, of stack: StackName) async throws -> Discovered<LlamaStack.ToolGroup>? {
        guard let server, isKnownByRecord else { return nil }
        return try await server.toolGroups.list().first { $0.id.isExactly(id) }.map {
            Discovered(Address(Self.kind, id), .unmarked, $0, label: "tool group \($0.id)")
        }
    }

    /// The tool groups of the agents that the spec names by their ids: one of them may have been ours.
    private func groupsOfExistingAgents(on server: LlamaStack) async throws -> Set<String> {
        guard !existingAgents.isEmpty, let agents = server.agents else { return [] }
        let used = try await agents.list().filter { existingAgents.contains($0.id) }
        return Set(used.flatMap(\.toolGroups))
    }

    private func groupID(_ spec: ToolSpec, at address: Address) -> String {
        spec.common.name ?? "mcp::\(stack)-\(address.name)"
    }

    package func desired(
        _ spec: ToolSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        if let search = spec.fileSearch { return fileSearch(search, address, outputs) }
        if let mcp = spec.mcp { return try await self.mcp(mcp, spec, address) }
        if let group = spec.toolGroup { return toolGroup(group, address, outputs) }
        if let agent = spec.agent { return try self.agent(agent, address, outputs) }
        if let builtin = spec.builtin {
            return Wanted(Desired(definition: ToolDefinition(name: address.name, builtin: builtin)))
        }
        let function = spec.function.map {
            ToolDefinition.Function(description: $0.description, parameters: $0.parameters)
        }
        guard let function else { preconditionFailure("The tool \(address) has no type.") }
        return Wanted(
            Desired(
                definition: ToolDefinition(name: address.name, function: function),
                behaviour: folder.flatMap { spec.function?.behaviour(in: $0) } ?? [:]))
    }

    private func fileSearch(_ search: FileSearchSpec, _ address: Address, _ outputs: Outputs) -> Wanted<Desired> {
        let ids = search.vectorStores.compactMap { store in
            outputs.value("id", of: Address(VectorStoreResource.kind, store.value))?.string
        }
        let definition = ToolDefinition(
            name: address.name,
            fileSearch: .init(
                vectorStores: ids, maxResults: search.maxResults, minScore: search.minScore, filters: search.filters))
        return Wanted(
            Desired(definition: definition), unknown: ids.count < search.vectorStores.count ? ["vectorStores"] : [])
    }

    private func mcp(_ mcp: MCPSpec, _ spec: ToolSpec, _ address: Address) async throws -> Wanted<Desired> {
        var definition = try mcp.definition()
        var warnings: [Diagnostic] = []
        if let connector = mcp.connector { warnings = try await name(connector, in: &definition, address) }
        guard let url = mcp.url?.value, groups.contains(address) else {
            return Wanted(
                Desired(definition: ToolDefinition(name: address.name, mcp: definition)), warnings: warnings)
        }
        let id = groupID(spec, at: address)
        definition.toolGroup = id
        return Wanted(
            Desired(
                definition: ToolDefinition(name: address.name, mcp: definition),
                group: Group(id: id, endpoint: url, allow: mcp.allow)))
    }

    /// Checks a connector, and uses the address of its MCP server: servers find none by its id in a conversation's
    /// second turn, where they take the tools from the first and the address from the request.
    /// - Returns: Warnings, when the server cannot list its connectors, or their addresses.
    private func name(
        _ connector: Located<String>, in definition: inout ToolDefinition.MCP, _ address: Address
    ) async throws -> [Diagnostic] {
        guard let server, let answer = try await connectors?.require(connector, for: address) else { return [] }
        let resolves = server.capabilities.resolvesConnectors
        switch answer {
        case .known(let known):
            if let url = known.url {
                definition.url = url
                return []
            }
            guard resolves else { throw Diagnostic.noAddress(of: connector, address) }
            return [.hiddenAddress(of: connector, address)]
        case .unchecked(let warning):
            guard resolves else { throw Diagnostic.noAddress(of: connector, address) }
            return [warning]
        }
    }

    private func toolGroup(_ group: ToolGroupSpec, _ address: Address, _ outputs: Outputs) -> Wanted<Desired> {
        let args = group.arguments?.value { template, _ in template.resolved(outputs.value) }
        let definition = ToolDefinition(name: address.name, toolGroup: .init(id: group.id, args: args))
        let isUnknown = group.arguments != nil && args == nil
        // As they are written: ids of servers are no part of what a tool is.
        let written = group.arguments?.value { template, _ in .string(template.text) }
        return Wanted(
            Desired(definition: definition, behaviour: written.map { ["args": $0] } ?? [:]),
            unknown: isUnknown ? ["toolGroup.args"] : [])
    }

    private func agent(_ name: Located<String>, _ address: Address, _ outputs: Outputs) throws -> Wanted<Desired> {
        let nested = try outputs.typed(
            "definition", of: Address(AgentResource.kind, name.value), as: AgentDefinition.self)
        let placeholder = AgentDefinition(name: name.value, model: "", instructions: "")
        return Wanted(
            Desired(definition: ToolDefinition(name: address.name, agent: nested ?? placeholder)),
            unknown: nested == nil ? ["agent"] : [])
    }

    package func inlineOutputs(of desired: Desired) -> [String: Output]? {
        desired.group == nil ? Self.outputs(desired.definition) : nil
    }

    static func outputs(_ definition: ToolDefinition) -> [String: Output] {
        ["definition": .typed(definition)]
    }
}

extension MCPSpec {
    /// - Throws: `Diagnostic` when the token is in a file: a version that runs elsewhere needs the name of a variable.
    fileprivate func definition() throws(Diagnostic) -> ToolDefinition.MCP {
        var tokenEnvironment: String?
        switch token?.value {
        case .environment(let name, _): tokenEnvironment = name
        case .file: throw .tokenFile(token?.range)
        case nil: break
        }
        let optional = Set(
            ([token].compactMap(\.self) + headers.secrets).compactMap { source -> String? in
                guard case .environment(let name, optional: true) = source.value else { return nil }
                return name
            })
        return ToolDefinition.MCP(
            url: url?.value, connector: connector?.value, tokenEnvironment: tokenEnvironment,
            headers: headers.plain.isEmpty ? nil : headers.plain,
            secretHeaders: headers.variables.isEmpty ? nil : headers.variables,
            optionalEnvironment: optional.isEmpty ? nil : optional.sorted(), allow: allow,
            requireApproval: requireApproval)
    }
}

extension Diagnostic {
    fileprivate static func noAddress(of connector: Located<String>, _ tool: Address) -> Diagnostic {
        Diagnostic(
            "not-offered", "Something that the server does not offer",
            detail:
                "`\(tool)` uses the connector `\(connector.value)`. This server finds none by its id when an agent is "
                + "asked, and does not tell its address.",
            fix: "Write `url` instead, or use Llama Stack since 0.6 or OGX.", at: connector.range, cause: .lacking)
    }

    fileprivate static func hiddenAddress(of connector: Located<String>, _ tool: Address) -> Diagnostic {
        Diagnostic(
            "connector-without-address", "A connector whose address is not known",
            detail: "`\(tool)` uses the connector `\(connector.value)`, and the server does not tell its address.",
            fix: Unchecked.firstTurnOnly, at: connector.range, severity: .warning)
    }

    fileprivate static func tokenFile(_ range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "token-in-file", "Token that a logged agent could not find",
            detail: "An agent is logged to run elsewhere, where only the name of an environment variable can lead it "
                + "to the token.",
            fix: "Use `token: {env: NAME}`.", at: range)
    }
}
