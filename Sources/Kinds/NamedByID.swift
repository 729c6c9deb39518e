import Engine

/// What the spec names by the ids that it has on a server, and does not declare. It may be ours from an earlier spec, and stays
/// as long as it is named.
struct NamedIDs: Sendable {
    /// By each id the addresses of the agents and stores that are made with what it stands for.
    private let users: [String: Set<Address>]

    init(_ names: [(id: String, by: Address)], in workflow: Workflow) {
        users = Dictionary(grouping: names, by: \.id).mapValues { names in
            let naming = names.reduce(into: Set<Address>()) { all, name in
                all.formUnion(workflow.graph.dependents(of: name.by).union([name.by]))
            }
            return naming.filter { [AgentResource.kind, VectorStoreResource.kind].contains($0.kind) }
        }
    }

    /// The ids that something names that is not removed: of a part of a stack that is destroyed, the spec still tells.
    func ids(after removed: Set<Address>) -> Set<String> {
        Set(users.filter { $1.isEmpty || !$1.isSubset(of: removed) }.keys)
    }
}

extension Workflow {
    /// The ids of models that agents, vector stores and judges name, and of those that are only declared to be there.
    func modelsByID(_ ids: (ModelSpec) -> [String]) -> NamedIDs {
        let named = declarations.flatMap { declaration in
            declaration.uses.filter { $0.orID && $0.address.kind == ModelResource.kind && self[$0.address] == nil }
                .map { (id: $0.address.name, by: declaration.address) }
        }
        let checked = specs(of: ModelSpec.self).filter { $0.spec.provider == nil }.flatMap { declaration, spec in
            ids(spec).map { (id: $0, by: declaration.address) }
        }
        return NamedIDs(named + checked, in: self)
    }

    /// The ids of the tool groups that tools name.
    var toolGroupsByID: NamedIDs {
        let named = specs(of: ToolSpec.self).flatMap { declaration, spec in
            (spec.toolGroup.map { ToolGroupSpec.groups(named: $0.id) } ?? []).map {
                (id: $0, by: declaration.address)
            }
        }
        return NamedIDs(named, in: self)
    }
}

extension ToolGroupSpec {
    /// The tool groups that an id may stand for: itself, or the one that a tool `GROUP/TOOL` belongs to.
    static func groups(named id: String) -> [String] {
        let group = String(id.prefix { $0 != "/" })
        return group == id ? [id] : [id, group]
    }
}
