import Engine

extension Kind {
    /// Tools are parts of agent definitions; those that are registered as tool groups are found by the record.
    static let tools = Kind(
        Section(ToolResource.kind, ToolSpec.self, "Tools that agents may use."), home: .none, recordHome: .llamaStack,
        driver: { context in
            let aliased = AliasedAgents(context)
            let named = context.workflow.toolGroupsByID
            return ResourceDriver(
                ToolResource(
                    context.llamaStack?.server, groups: context.llamaStack?.runtimes.toolGroups ?? [],
                    existingAgents: context.llamaStack?.runtimes.existingAgents ?? [], stack: context.servers.stack,
                    named: named, folder: context.servers.folder,
                    inUse: { try await aliased.toolGroups(after: $0).union(named.ids(after: $0.removed)) }))
        },
        probe: { declaration, context in
            guard let spec = declaration.spec as? ToolSpec else { return nil }
            if let mcp = spec.mcp { return try await context.tools(of: mcp, declaration) }
            guard let function = spec.function else { return nil }
            return try await context.handler(of: function)
        })
}
