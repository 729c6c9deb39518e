import Language

/// A release that a plan promotes.
package struct Promotion: Sendable, Hashable {
    package let release: Address
    /// The version that it goes to; nil for one that the same plan makes.
    package let version: Int?
    /// Whether that waits for approval: the alias stays where it is.
    package let isProposal: Bool

    package init(_ release: Address, to version: Int?, isProposal: Bool = false) {
        self.release = release
        self.version = version
        self.isProposal = isProposal
    }
}

/// What is done before it counts what is in use.
package struct Beforehand: Sendable {
    package var promotions: [Promotion]
    /// The addresses of what is deleted: releases among them keep nothing.
    package var removed: Set<Address>
    /// The addresses of releases that are forgotten: their aliases stay, and nothing else.
    package var forgotten: Set<Address>

    package init(
        promotions: [Promotion] = [], removed: Set<Address> = [], forgotten: Set<Address> = []
    ) {
        self.promotions = promotions
        self.removed = removed
        self.forgotten = forgotten
    }

    fileprivate var isNothing: Bool { promotions.isEmpty && removed.isEmpty && forgotten.isEmpty }
}

/// Something of the stack that only older versions use: once a plan has moved or removed aliases, nothing needs it any more,
/// and it is removed.
package struct Freed: Sendable, Hashable, Codable {
    package let address: Address
    /// The display name of the live object.
    package let object: String

    package init(address: Address, object: String) {
        self.address = address
        self.object = object
    }

    init(_ member: Member) {
        self.init(address: member.address, object: member.label)
    }
}

extension Plan {
    /// What it promotes, and what it lets wait for approval.
    var promotions: [Promotion] {
        changes.filter(\.action.isPromotion).map { change in
            let isProposal = change.action == .propose
            let field = change.fields.first { isProposal ? $0.isProposal : $0.isPromotion }
            return Promotion(change.address, to: field?.new?.integer, isProposal: isProposal)
        }
    }

    /// Whether it says that an object goes once aliases have moved: it is freed, or replaced.
    package func showsEnd(of object: String?, at address: Address) -> Bool {
        freed.contains { $0.address == address && $0.object == object }
            || changes.contains { $0.action == .replace && $0.address == address && $0.label == object }
    }

    /// The same plan, made once all was done that another one shows: of what is left, only what that one says goes is removed,
    /// and the rest is kept. nil where more is left than removals, or an update would remove more than what goes.
    package func removing(onlyWhatGoesIn shown: Plan) -> Plan? {
        var rest = self
        for index in changes.indices where changes[index].action != .keep {
            let change = changes[index]
            let lettingGo = change.lettingGo
            if !lettingGo.isEmpty, lettingGo.allSatisfy({ shown.showsEnd(of: $0, at: change.address) }) { continue }
            guard change.action == .delete || change.action == .forget else { return nil }
            if !shown.showsEnd(of: change.label, at: change.address) { rest.changes[index].action = .keep }
        }
        return rest
    }

    /// Whether it says that an object stays, and nothing that it promotes frees it.
    func keeps(_ member: Member) -> Bool {
        let isKept = changes.contains {
            $0.action == .keep && $0.address == member.address && $0.label == member.label
        }
        return isKept && !showsEnd(of: member.label, at: member.address)
    }
}

extension Planner {
    /// What is kept because versions with an alias use it, and is in use no more once a plan has moved or removed aliases.
    ///
    /// - Parameter remaining: What earlier definitions left beside objects, and stays for now.
    func freed(by plan: Plan, _ removals: Removals, _ remaining: [Member]) async throws -> [Freed] {
        let beforehand = beforehand(plan, removals)
        guard removals.isPartial, !beforehand.isNothing else { return [] }
        let kept = removals.all.filter(\.isInUse).map(\.member)
        let candidates = survey.held.filter(scope.removes) + kept + remaining
        var freed: [Freed] = []
        for (kind, members) in Dictionary(grouping: candidates, by: \.address.kind) {
            guard let driver = drivers[kind] else { continue }
            let uses = try await driver.areUsed(members, after: beforehand)
            freed += zip(members, uses).filter { !$1 }.map { Freed($0.0) }
        }
        return freed.sorted { ($0.address, $0.object) < ($1.address, $1.object) }
    }

    /// What a plan does to releases.
    private func beforehand(_ plan: Plan, _ removals: Removals) -> Beforehand {
        let gone = removals.all.filter { removal in
            drivers[removal.member.address.kind]?.promotes == true && !removal.member.isStale
        }
        return Beforehand(
            promotions: plan.promotions,
            removed: Set(gone.filter { $0.action == .delete }.map(\.member.address)),
            forgotten: Set(gone.filter { $0.action == .forget }.map(\.member.address)))
    }
}
