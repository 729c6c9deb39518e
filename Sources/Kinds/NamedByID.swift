import Engine
import Language

/// What the spec names by the ids that it has on a server, and does not declare. It may be ours from an earlier spec, and stays
/// as long as it is named.
struct NamedIDs: Sendable {
    /// Who names an id.
    private struct Naming {
        /// The addresses of the declarations that do.
        let names: Set<Address>
        /// Those of the agents and stores that are made with what it stands for.
        let users: Set<Address>

        func stays(after removed: Set<Address>) -> Bool { users.isEmpty || !users.isSubset(of: removed) }
    }

    private let namings: [String: Naming]

    init(_ names: [(id: String, by: Address)], in workflow: Workflow) {
        namings = Dictionary(grouping: names, by: \.id).mapValues { names in
            let naming = names.reduce(into: Set<Address>()) { all, name in
                all.formUnion(workflow.graph.dependents(of: name.by).union([name.by]))
            }
            return Naming(
                names: Set(names.map(\.by)),
                users: naming.filter { [AgentResource.kind, VectorStoreResource.kind].contains($0.kind) })
        }
    }

    /// The ids that something names that is not removed: of a part of a stack that is destroyed, the spec still tells.
    func ids(after removed: Set<Address>) -> Set<String> {
        Set(namings.filter { $1.stays(after: removed) }.keys)
    }

    /// What names an id and is not removed; nil where nothing does.
    func usage(of id: String, after removed: Set<Address>) -> Usage? {
        guard let naming = namings[id], naming.stays(after: removed) else { return nil }
        // Of a tool that is removed, an agent that stays still says what it names.
        let rest = naming.names.subtracting(removed)
        let names = (rest.isEmpty ? naming.names : rest).sorted().map(\.description)
        let users = naming.users.subtracting(removed).sorted().map(\.description)
        return Usage(
            reason: "\(names.listed) \(names.count == 1 ? "names" : "name") it by its id",
            remedy: users.isEmpty
                ? "Take its id out of \(names.listed) first, if it is to go." : "Destroy \(users.listed), too.")
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
