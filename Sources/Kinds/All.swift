package import Engine
package import Language

/// A list of kinds, and everything that is derived from all of them together.
package struct Kinds: Sendable {
    /// In creation order; deletions use the reverse order.
    package let all: [Kind]

    package init(_ all: [Kind]) {
        self.all = all
    }

    /// Every kind that drover knows: one line each.
    package static let standard = Kinds([
        .experiments,
        .registeredModels,
        .prompts,
        .datasets,
        .models,
        .shields,
        .vectorStores,
        .tools,
        .agents,
        .releases,
    ])

    /// The sections of a spec that declare them.
    package var sections: [Section] { all.map(\.section) }

    /// The drivers of the kinds that the available servers can hold, for the declarations of a workflow.
    package func drivers(_ servers: Servers, for workflow: Workflow) -> [any Driver] {
        let context = DriverContext(servers, for: workflow)
        return all.compactMap { $0.driver(context) }
    }

    /// The servers that a workflow needs. What was applied earlier may need more: see `needs(of:)` of a record.
    package func needs(of workflow: Workflow) -> Needs {
        needs(Set(workflow.declarations.map(\.address.kind)), \.needs)
    }

    /// The servers that hold the objects of a record.
    package func needs(of record: Record) -> Needs {
        needs(Set(record.addresses.map(\.kind)), \.recordHome.needs)
    }

    private func needs(_ names: Set<String>, _ each: (Kind) -> Needs) -> Needs {
        all.filter { names.contains($0.section.key) }.reduce(into: Needs()) { $0.formUnion(each($1)) }
    }

    /// The conflicts between declarations, as far as they and their files show; no server is contacted. A declaration
    /// with a mistake is ignored where the mistake may be the reason.
    package func conflicts(_ declarations: Declarations, _ folder: SpecFolder) -> [Diagnostic] {
        sharedNames(among: declarations) + all.flatMap { $0.conflicts(declarations, folder) }
    }
}
