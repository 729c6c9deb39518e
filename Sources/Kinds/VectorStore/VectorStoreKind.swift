import Engine

extension Kind {
    static let vectorStores = Kind(
        Section(VectorStoreResource.kind, VectorStoreSpec.self, "Vector stores with their documents."),
        home: .llamaStack,
        driver: { context in
            let servers = context.servers
            let aliased = AliasedAgents(context)
            return context.llamaStack.map { llamaStack in
                ResourceDriver(
                    VectorStoreResource(
                        llamaStack.server, stack: servers.stack, folder: servers.folder, models: llamaStack.models,
                        providers: llamaStack.providers,
                        transport: servers.transport, patience: servers.patience, tell: servers.tell,
                        inUse: { try await aliased.vectorStores(after: $0) }))
            }
        },
        probe: { declaration, context in
            guard let spec = declaration.spec as? VectorStoreSpec else { return nil }
            return try await context.contents(of: spec)
        })
}
