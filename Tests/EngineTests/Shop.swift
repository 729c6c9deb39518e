import Engine
import Language
import Synchronization
import Testing

/// A shelf with the record of the stack that declares boxes on it.
struct Shop {
    let shelf = Shelf()
    let record = MemoryRecord()

    static let catalog = Catalog(
        sections: [
            Section("boxes", BoxSpec.self, "Boxes."), Section("notes", BoxSpec.self, role: .declared, "Notes."),
        ],
        settings: [Key<Value>("servers", .map, "Servers.").field])

    /// Reads a spec; the top fields come first by themselves.
    static func declare(_ boxes: String, top: String = "drover: v1\nstack: shop\n") -> (Workflow?, [Diagnostic]) {
        let bytes = Array((top + boxes).utf8)
        let loader = SpecLoader(fields: catalog.fields, environment: [:], workingDirectory: "/") {
            _ throws(FileBytes.Failure) in bytes
        }
        let spec = loader.load(paths: ["-"])
        var problems = Problems()
        problems.report(spec.diagnostics)
        let workflow = spec.root.flatMap { Workflow.declare($0, catalog: catalog, &problems) }
        return (workflow, problems.diagnostics)
    }

    func plan(
        _ boxes: String, _ selection: Selection = .everything, _ permissions: Permissions = Permissions()
    ) async throws -> Plan {
        try await planner(boxes, permissions, selection).plan()
    }

    func plan(_ boxes: String, _ permissions: Permissions) async throws -> Plan {
        try await plan(boxes, .everything, permissions)
    }

    /// - Parameter targets: The boxes that are visited with what they need; nil for all.
    func planner(
        _ boxes: String, _ permissions: Permissions = Permissions(), _ selection: Selection = .everything,
        targets: [String]? = nil, isAtHand: Bool = true
    ) async throws -> Planner {
        let workflow = try #require(Self.declare(boxes).0)
        let drivers = isAtHand ? [ResourceDriver(BoxResource(shelf: shelf))] : []
        let scope = targets.map { names in
            Scope(closing: Set(names.map { Address("boxes", $0) }), in: workflow.graph)
        }
        return Planner(
            workflow, drivers: drivers, survey: try await Survey.take(of: workflow, with: drivers),
            record: await record.load(), permissions: permissions, selection: selection, scope: scope)
    }

    @discardableResult
    func apply(
        _ boxes: String, _ selection: Selection = .everything, _ permissions: Permissions = Permissions(),
        promise: Promise? = nil, mayStart: @escaping @Sendable () -> Bool = { true },
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws -> Applied {
        let workflow = try #require(Self.declare(boxes).0)
        let drivers = [ResourceDriver(BoxResource(shelf: shelf))]
        let survey = try await Survey.take(of: workflow, with: drivers)
        let loaded = await record.load()
        let plan = try await Planner(
            workflow, drivers: drivers, survey: survey, record: loaded, permissions: permissions,
            selection: selection
        ).plan()
        return try await Executor(
            workflow, drivers: drivers, survey: survey, record: loaded, store: record, permissions: permissions,
            selection: selection, promise: promise, mayStart: mayStart, onEvent: onEvent
        ).apply(plan, parallelism: 4)
    }
}

extension Shop {
    @discardableResult
    func apply(
        _ boxes: String, _ permissions: Permissions, mayStart: @escaping @Sendable () -> Bool = { true },
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws -> Applied {
        try await apply(boxes, .everything, permissions, mayStart: mayStart, onEvent: onEvent)
    }
}

extension Plan {
    /// One line a change: `update a: label`.
    var lines: [String] {
        changes.filter { $0.action != .keep }.map { change in
            let fields = change.fields.map(\.path).joined(separator: ", ")
            return "\(change.action.rawValue) \(change.address.name)" + (fields.isEmpty ? "" : ": \(fields)")
        }
    }
}
