import Engine
import Language
import Wire

extension Kind {
    static let models = Kind(
        Section(ModelResource.kind, ModelSpec.self, "Names for models of the server."), home: .llamaStack,
        driver: { context in
            let servers = context.servers
            let aliased = AliasedAgents(context)
            return context.llamaStack.map { llamaStack in
                let naming = llamaStack.server.capabilities.modelNaming
                let named = context.workflow.modelsByID { $0.ids(naming) }
                return ResourceDriver(
                    ModelResource(
                        llamaStack.server, models: llamaStack.models, providers: llamaStack.providers,
                        stack: servers.stack, named: named,
                        inUse: { try await aliased.models(after: $0).union(named.ids(after: $0.removed)) }))
            }
        },
        conflicts: sharedIDs(among:_:))

    /// Two declarations that register one model of the server.
    @Sendable
    fileprivate static func sharedIDs(among declarations: Declarations, _ folder: SpecFolder) -> [Diagnostic] {
        var first: [String: Declaration] = [:]
        var problems: [Diagnostic] = []
        for (declaration, model) in declarations.specs(of: ModelSpec.self) {
            guard let provider = model.provider?.value, !model.id.value.isEmpty else { continue }
            let id = "\(provider)/\(model.id.value)"
            if let other = first[id] { problems.append(.sharedID(model.id, declaration, other)) }
            first[id] = first[id] ?? declaration
        }
        return problems
    }
}

extension Diagnostic {
    fileprivate static func sharedID(
        _ id: Located<String>, _ declaration: Declaration, _ other: Declaration
    ) -> Diagnostic {
        Diagnostic(
            "shared-id", "Two declarations register one model",
            detail: "`\(declaration.address)` and `\(other.address)` would both register the model `\(id.value)`.",
            fix: "Use one of them in both places, or take `provider` out of the one that only gives it a second name.",
            at: id.range, address: declaration.address.description,
            notes: [Note("The other one is declared here.", at: other.range)])
    }
}

extension Workflow {
    /// The declared models, by name.
    var models: [String: ModelSpec] {
        Dictionary(specs(of: ModelSpec.self).map { ($0.declaration.address.name, $0.spec) }) { first, _ in first }
    }
}
