import Language

/// A snapshot of the servers, taken once per run; plan and apply use the same one.
package struct Survey: Sendable {
    /// The object at each address: ours, or one with a wanted name.
    package private(set) var members: [Address: Member] = [:]
    /// Leftovers of ours beside a member.
    package private(set) var stale: [Member] = []
    /// Leftovers of ours that versions with an alias use.
    private(set) var held: [Member] = []
    /// The addresses of what is ours and left alone, because others use it.
    private(set) var setAside: Set<Address> = []

    /// Asks all kinds, or some, concurrently and without the record; objects that only the record knows have no owner.
    package static func take(
        of workflow: Workflow, with drivers: [any Driver], kinds: Set<String>? = nil
    ) async throws -> Survey {
        let asked = drivers.filter { kinds?.contains($0.kind) ?? true }
        return try await take(of: workflow, with: asked) { Record() }.survey
    }

    /// The same, knowing a record.
    package static func take(
        of workflow: Workflow, with drivers: [any Driver], knowing record: Record
    ) async throws -> Survey {
        try await take(of: workflow, with: drivers) { record }.survey
    }

    /// Asks all kinds and the record concurrently; kinds that need the record wait for it where they do.
    package static func take(
        of workflow: Workflow, with drivers: [any Driver], loading store: any RecordStore
    ) async throws -> (survey: Survey, record: Record) {
        try await take(of: workflow, with: drivers) { try await store.load() }
    }

    private static func take(
        of workflow: Workflow, with drivers: [any Driver], loading load: () async throws -> Record
    ) async throws -> (survey: Survey, record: Record) {
        try await withThrowingTaskGroup(of: [Member].self) { group in
            let awaited = AwaitedRecord()
            for driver in drivers {
                let declarations = Array(workflow.declarations[kind: driver.kind])
                group.addTask {
                    try await driver.discover(declarations, of: workflow.stack, knowing: awaited)
                }
            }
            let record = try await awaited.read(load)
            var survey = Survey()
            for member in try await group.reduce(into: [], { $0 += $1 }) { survey.add(member) }
            survey.stale.sort { ($0.address, $0.label) < ($1.address, $1.label) }
            survey.held.sort { ($0.address, $0.label) < ($1.address, $1.label) }
            return (survey, record)
        }
    }

    /// The same, with other stacks' objects for declarations of which nothing was found.
    package func withOthers(for workflow: Workflow, with drivers: [any Driver]) async throws -> Survey {
        var survey = self
        for driver in drivers {
            let missing = workflow.declarations.filter { declaration in
                declaration.address.kind == driver.kind && survey.member(for: declaration) == nil
            }
            guard !missing.isEmpty else { continue }
            for member in try await driver.discoverOthers(missing, of: workflow.stack) { survey.add(member) }
        }
        return survey
    }

    /// The first object of an address counts; other candidates are its rivals.
    private mutating func add(_ member: Member) {
        if member.isSetAside {
            setAside.insert(member.address)
        } else if member.isHeld {
            held.append(member)
        } else if member.isStale {
            stale.append(member)
        } else if members[member.address] == nil {
            members[member.address] = member
        } else {
            members[member.address]?.rivals.append(member.label)
        }
    }

    /// The addresses of what the stack has.
    var ours: [Address] {
        let owned = members.values.filter { $0.ownership == .ours || $0.ownership == .retained }
        return owned.map(\.address) + stale.map(\.address)
    }

    /// The member of a declaration: at its own address, or at the one it was moved from. Ours counts before somebody
    /// else's that merely has the name.
    package func member(for declaration: Declaration) -> Member? {
        let (present, old) = (members[declaration.address], declaration.oldAddress.flatMap { members[$0] })
        if let old, old.ownership == .ours, present?.ownership != .ours, present?.ownership != .retained { return old }
        return present ?? old
    }
}
