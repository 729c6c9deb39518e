import Engine

extension Kind {
    static let shields = Kind(
        Section(ShieldResource.kind, ShieldSpec.self, "Shields that look at questions and answers."),
        home: .llamaStack,
        driver: { context in
            let aliased = AliasedAgents(context)
            return context.llamaStack.map {
                ResourceDriver(
                    ShieldResource($0.server, providers: $0.providers, inUse: { try await aliased.shields(after: $0) }))
            }
        })
}
