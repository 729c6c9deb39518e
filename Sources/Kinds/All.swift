package import Engine
package import Language

/// A list of kinds, and what follows from all of them together.
package struct Kinds: Sendable {
    /// In the order in which things come to be; deletions go the other way.
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

    /// The sections of a spec that hold them.
    package var sections: [Section] { all.map(\.section) }

    /// The drivers of the kinds that the servers at hand can hold, for what a workflow declares.
    package func drivers(_ servers: Servers, for workflow: Workflow) -> [any Driver] {
        let context = DriverContext(servers, for: workflow)
        return all.compactMap { $0.driver(context) }
    }

    /// The servers that a workflow needs. What was applied before may need more: see `needs(of:)` of a record.
    package func needs(of workflow: Workflow) -> Needs {
        needs(ofKinds: Set(workflow.declarations.map(\.address.kind)))
    }

    /// The servers where the things of a record are.
    package func needs(of record: Record) -> Needs {
        needs(ofKinds: Set(record.addresses.map(\.kind)))
    }

    private func needs(ofKinds names: Set<String>) -> Needs {
        all.filter { names.contains($0.section.key) }.reduce(into: Needs()) { $0.formUnion($1.needs) }
    }

    /// What is wrong between declarations, as far as they and their files tell; no server is contacted. What has a
    /// mistake in it is left out where that might be the reason.
    package func conflicts(_ declarations: [Declaration], _ folder: SpecFolder) -> [Diagnostic] {
        sharedNames(among: declarations) + all.flatMap { $0.conflicts(declarations, folder) }
    }
}
