package import Engine
import Language
import Runtime
package import Wire

/// The life cycle of a registered tool group. It cannot be changed: it is unregistered and registered again.
extension ToolResource {
    package func differences(
        between live: LlamaStack.ToolGroup, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        FieldChange.between(live: fields(of: live), desired: fields(of: desired), since: last).map { change in
            var change = change
            change.forcesReplacement = true
            return change
        }
    }

    package func fields(of live: LlamaStack.ToolGroup) -> AppliedFields {
        var fields: AppliedFields = ["id": .string(live.id)]
        fields["endpoint"] = live.endpoint.map { .string($0) }
        return fields
    }

    package func fields(of desired: Desired) -> AppliedFields {
        guard let group = desired.group else { return [:] }
        return ["id": .string(group.id), "endpoint": .string(group.endpoint)]
    }

    /// Servers before 0.3 answer a registration as if it had succeeded, whatever exists: it is read back.
    package func create(
        _ desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.ToolGroup {
        guard let server, let group = desired.group else {
            preconditionFailure("A tool that lives in a definition is never registered.")
        }
        guard let provider = try await server.toolGroups.mcpProvider() else {
            throw Diagnostic.noProvider(address, server)
        }
        try await server.toolGroups.register(group.id, provider: provider, endpoint: group.endpoint)
        guard let made = try await server.toolGroups.list().first(where: { $0.id == group.id }),
            differences(between: made, and: desired, since: [:]).isEmpty
        else { throw Diagnostic.notRegistered("tool group", group.id, server.endpoint.base) }
        try await check(group, on: server, at: address, in: context)
        return made
    }

    /// The server does not report an unreachable MCP server, so its tools are requested.
    private func check(
        _ group: Group, on server: LlamaStack, at address: Address, in context: ApplyContext
    ) async throws {
        let tools = try await server.toolGroups.tools(of: group.id)
        if tools.isEmpty {
            context.warn(.noTools(address, group.endpoint))
        } else if let missing = group.allow?.filter({ !tools.contains($0) }), !missing.isEmpty {
            context.warn(.missingTools(missing, address, group.endpoint, offered: tools))
        }
    }

    package func update(
        _ live: LlamaStack.ToolGroup, to desired: Desired, since last: AppliedFields, at address: Address,
        in context: ApplyContext
    ) async throws -> LlamaStack.ToolGroup {
        live  // Nothing can be changed; an open intent stays until what it names is gone.
    }

    package func isMadeBeside(_ live: LlamaStack.ToolGroup, _ desired: Desired) -> Bool {
        desired.group.map { $0.id != live.id } ?? false
    }

    package func replace(
        _ live: LlamaStack.ToolGroup, with desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.ToolGroup {
        guard let group = desired.group, group.id != live.id else {
            try await server?.toolGroups.unregister(live.id)
            return try await replacing {
                try await create(desired, at: address, in: context)
            } restoring: {
                guard let endpoint = live.endpoint else { return }
                try await server?.toolGroups.register(live.id, provider: live.provider, endpoint: endpoint)
            }
        }
        // Only the record shows that the new one is ours, and it is written at the end. The old one, which is still in
        // it, is unregistered after everything else.
        try await context.record.open(RecordedKeys.intent([live.id, group.id], after: context.intent), for: address)
        return try await create(desired, at: address, in: context)
    }

    package func delete(_ live: LlamaStack.ToolGroup, at address: Address, in context: ApplyContext) async throws {
        try await server?.toolGroups.unregister(live.id)
    }

    /// The entry in the record is the mark.
    package func mark(
        _ live: LlamaStack.ToolGroup, as address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.ToolGroup {
        live
    }

    package func forget(_ live: LlamaStack.ToolGroup, at address: Address, in context: ApplyContext) async throws {}

    package func outputs(of live: LlamaStack.ToolGroup) -> [String: Output] {
        ["id": .string(live.id)]
    }

    /// The definition comes from the spec: the server stores only the address.
    package func outputs(of live: LlamaStack.ToolGroup, as desired: Desired) -> [String: Output] {
        outputs(of: live).merging(Self.outputs(desired.definition)) { _, definition in definition }
    }

    package func outputs(ofCreating desired: Desired) -> [String: Output]? {
        guard let group = desired.group else { return nil }
        return Self.outputs(desired.definition).merging(["id": .string(group.id)]) { _, id in id }
    }
}

/// The MCP servers in a server's configuration, listed once and on demand.
actor ConnectorListing {
    private let server: LlamaStack
    private var listed: [LlamaStack.Connector]?

    init(_ server: LlamaStack) {
        self.server = server
    }

    /// The result of looking up a connector that a tool names.
    enum Answer {
        case known(LlamaStack.Connector)
        /// The server cannot list its connectors now, as a warning says.
        case unchecked(Diagnostic)
    }

    /// Looks a connector up.
    /// - Throws: `Diagnostic` (`lacking`) with the nearest names when the server has no such connector.
    func require(_ id: Located<String>, for address: Address) async throws -> Answer {
        guard server.capabilities.offers(.connectors) else {
            throw server.capabilities.lacking(
                .connectors, for: "`\(address)`", fix: "Use `mcp: {url: …}` instead, or such a server.", at: id.range)
        }
        let what = "it has the connector `\(id.value)`"
        guard server.capabilities.listsConnectors else {
            return .unchecked(Unchecked(connector: id, whether: what, on: server.capabilities).warning)
        }
        let known: [LlamaStack.Connector]
        do {
            known = if let listed { listed } else { try await server.connectors() }
        } catch let error as WireError {
            guard let unchecked = Unchecked(error, whether: what, at: id.range, fix: Unchecked.firstTurnOnly)
            else { throw error }
            return .unchecked(unchecked.warning)
        }
        listed = known
        if let connector = known.first(where: { $0.id == id.value }) { return .known(connector) }
        let names = known.map(\.id)
        throw Diagnostic(
            "unknown-connector", "Unknown connector",
            detail: "The server at \(server.endpoint.base) has no connector `\(id.value)` in its configuration.",
            fix: Suggestion.nearest(to: id.value, among: names).map { "Did you mean `\($0)`?" }
                ?? (known.isEmpty ? "Add it to the server's configuration." : "Use one of \(names.sorted().listed)."),
            at: id.range, cause: .lacking)
    }
}

extension Diagnostic {
    fileprivate static func noProvider(_ address: Address, _ server: LlamaStack) -> Diagnostic {
        Diagnostic(
            "no-mcp-provider", "The server cannot speak with MCP servers",
            detail:
                "`\(address)` is to be registered as a tool group, and the server at \(server.endpoint.base) has no "
                + "provider `remote::model-context-protocol`.",
            fix: "Add it to the server's configuration under `tool_runtime`.", address: address.description,
            cause: .lacking)
    }

    fileprivate static func noTools(_ address: Address, _ endpoint: String) -> Diagnostic {
        Diagnostic(
            "no-tools", "A tool group without tools",
            detail:
                "The tool group is registered, but Llama Stack lists no tools of \(endpoint): the MCP server cannot be "
                + "reached from there, or wants a token for the list.",
            fix: "Start it, and check the address as Llama Stack reaches it; nothing has to be applied again.",
            address: address.description, severity: .warning)
    }

    fileprivate static func missingTools(
        _ missing: [String], _ address: Address, _ endpoint: String, offered: [String]
    ) -> Diagnostic {
        Diagnostic(
            "missing-tools", "Allowed tools that are not offered",
            detail: "`allow` names \(missing.listed), and \(endpoint) offers \(offered.sorted().listed).",
            fix: "Correct `allow`.", address: address.description, severity: .warning)
    }
}
