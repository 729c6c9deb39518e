import Engine

extension Kind {
    static let models = Kind(
        Section(ModelResource.kind, ModelSpec.self, "Names for models of the server."), home: .llamaStack,
        driver: { context in
            let servers = context.servers
            let aliased = AliasedAgents(context)
            return context.llamaStack.map {
                ResourceDriver(
                    ModelResource(
                        $0.server, models: $0.models, providers: $0.providers, stack: servers.stack,
                        inUse: { try await aliased.models() }))
            }
        })
}

extension Workflow {
    /// The declared models, by name.
    var models: [String: ModelSpec] {
        Dictionary(specs(of: ModelSpec.self).map { ($0.declaration.address.name, $0.spec) }) { first, _ in first }
    }
}
