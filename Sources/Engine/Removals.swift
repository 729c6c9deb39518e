import Language

/// What is ours and no longer wanted, in the order of removal: what was created last is removed first.
struct Removals {
    struct Removal {
        let member: Member
        var action: Action
        /// Why it is only forgotten, where it would be deleted.
        var reasonToKeep: String?
        /// What uses it and is not deleted with it, so that it stays.
        var usage: Usage?
        var isInUse: Bool { usage != nil }
        /// Why nothing is done to it.
        var refusal: Diagnostic?
    }

    private(set) var all: [Removal] = []
    private(set) var protected: [Member] = []

    /// How many things left the spec and stay, because they are outside of the scope.
    private(set) var unremoved = 0
    /// Whether something stays, which may use what goes.
    let isPartial: Bool

    /// - Throws: What the drivers throw when they look for what prevents a deletion.
    init(
        _ workflow: Workflow, drivers: [String: any Driver], order: [String], survey: Survey, record: Record,
        within scope: Scope = .everything
    ) async throws {
        isPartial = !workflow.declarations.isEmpty || !scope.isEverything
        let used = Set(workflow.declarations.compactMap { survey.member(for: $0)?.address })
        for kind in order.reversed() {
            let orphans = survey.members.values.filter {
                $0.address.kind == kind && [.ours, .retained].contains($0.ownership) && !used.contains($0.address)
            }
            let stale = survey.stale.filter { $0.address.kind == kind }
            unremoved += (orphans + stale).count { !scope.removes($0) }
            for member in orphans.sorted(by: { $0.address < $1.address }) where scope.removes(member) {
                let entry = record.entry(member.address)
                let isForgotten = member.ownership == .retained
                let standard = entry?.isAdopted == true ? .retain : drivers[kind]?.onDelete ?? .retain
                let onDelete = isForgotten ? .retain : entry?.onDelete ?? standard
                if entry?.protect == true, onDelete == .delete { protected.append(member) }
                all.append(Removal(member: member, action: onDelete == .delete ? .delete : .forget))
            }
            all += stale.filter(scope.removes).map {
                Removal(member: $0, action: $0.ownership == .retained ? .forget : .delete)
            }
        }
        if isPartial { try await keepWhatWaits(drivers) }
        for index in all.indices where all[index].action == .delete {
            let member = all[index].member
            let forgotten = Set(all[..<index].filter { $0.action == .forget }.map(\.member.address))
            do {
                let reason = try await drivers[member.address.kind]?.reasonToKeep(
                    member, of: workflow.stack, forgetting: forgotten)
                guard let reason else { continue }
                (all[index].action, all[index].reasonToKeep) = (.forget, reason)
            } catch let undeletable as Undeletable {
                let isTriedAgain = undeletable.mayPass && workflow[member.address] != nil
                hold(index, undeletable.refusal, undeletable.reason, isTriedAgain ? .keep : .forget)
            } catch let refusal as Diagnostic {
                hold(index, refusal, Undeletable.foreign, .forget)
            }
        }
    }
}

extension Removals {
    /// Refuses a deletion. A leftover that cannot go keeps nothing else from being done.
    private mutating func hold(_ index: Int, _ refusal: Diagnostic, _ reason: String, _ action: Action) {
        guard all[index].member.isStale else {
            all[index].refusal = refusal
            return
        }
        (all[index].action, all[index].reasonToKeep) = (action, reason)
    }

    /// Keeps what something that is not deleted with it still uses, and asks once for all of a kind.
    private mutating func keepWhatWaits(_ drivers: [String: any Driver]) async throws {
        let deleted = all.indices.filter { all[$0].action == .delete }
        // What is left over at an address says nothing about what counts there.
        let removed = Set(deleted.filter { !all[$0].member.isStale }.map { all[$0].member.address })
            .subtracting(protected.map(\.address))
        for (kind, indices) in Dictionary(grouping: deleted, by: { all[$0].member.address.kind }) {
            guard let driver = drivers[kind] else { continue }
            let usages = try await driver.reasonsToWait(indices.map { all[$0].member }, after: removed)
            for (index, usage) in zip(indices, usages) where usage != nil {
                (all[index].action, all[index].reasonToKeep, all[index].usage) = (.keep, usage?.reason, usage)
            }
        }
    }
}
