import Engine

/// What the spec names by the ids that it has on a server, and does not declare. It may be ours from an earlier spec, and stays
/// as long as it is named.
extension Workflow {
    /// The ids of models that agents, vector stores and judges name, and of those that are only declared to be there.
    func modelsByID(_ ids: (ModelSpec) -> [String]) -> Set<String> {
        let named = declarations.flatMap(\.uses).filter {
            $0.orID && $0.address.kind == ModelResource.kind && self[$0.address] == nil
        }
        let checked = specs(of: ModelSpec.self).filter { $0.spec.provider == nil }
        return Set(named.map(\.address.name) + checked.flatMap { ids($0.spec) })
    }

    /// The ids of the tool groups that tools name.
    var toolGroupsByID: Set<String> {
        Set(specs(of: ToolSpec.self).compactMap(\.spec.toolGroup?.id).flatMap(ToolGroupSpec.groups(named:)))
    }
}

extension ToolGroupSpec {
    /// The tool groups that an id may stand for: itself, or the one that a tool `GROUP/TOOL` belongs to.
    static func groups(named id: String) -> [String] {
        let group = String(id.prefix { $0 != "/" })
        return group == id ? [id] : [id, group]
    }
}
