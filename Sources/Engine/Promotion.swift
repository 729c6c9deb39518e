import Language

/// A release that a plan promotes.
package struct Promotion: Sendable, Hashable {
    package let release: Address
    /// The version that it goes to; nil for one that the same plan makes.
    package let version: Int?
    /// Whether that waits for approval: the alias stays where it is.
    package let isProposal: Bool
    /// Whether the alias goes back to the version: what it stands at so far is no longer kept.
    package let isReturn: Bool
    /// Where the alias is to stand, as the field `alias` of a plan says it: `MODEL@ALIAS`.
    package let place: String
    /// Where it stands so far, if that is another place.
    package let former: String?

    package init(
        _ release: Address, to version: Int?, isProposal: Bool = false, isReturn: Bool = false, at place: String,
        from former: String? = nil
    ) {
        self.isReturn = isReturn
        self.release = release
        self.version = version
        self.isProposal = isProposal
        self.place = place
        self.former = former
    }

    /// - Parameter standing: Where the alias stands; nil where it is not there yet.
    init(_ change: Change, from standing: String?) {
        let isProposal = change.action == .propose
        let field = change.fields.first { isProposal ? $0.isProposal : $0.isPromotion }
        let place = change.fields.first(where: \.isPlace)?.new?.string ?? standing ?? ""
        self.init(
            change.address, to: field?.new?.integer, isProposal: isProposal, at: place,
            from: standing == place ? nil : standing)
    }
}

/// What is done before it counts what is in use.
package struct Beforehand: Sendable {
    package var promotions: [Promotion]
    /// The addresses of what is deleted: releases among them keep nothing.
    package var removed: Set<Address>
    /// The addresses of releases that are forgotten: their aliases stay, and nothing else.
    package var forgotten: Set<Address>
    /// The places of aliases that releases have left, and that are deleted.
    package var left: Set<String>

    package init(
        promotions: [Promotion] = [], removed: Set<Address> = [], forgotten: Set<Address> = [], left: Set<String> = []
    ) {
        self.promotions = promotions
        self.removed = removed
        self.forgotten = forgotten
        self.left = left
    }

    fileprivate var isNothing: Bool {
        promotions.isEmpty && removed.isEmpty && forgotten.isEmpty && left.isEmpty
    }
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
    /// Whether it says that an object goes once aliases have moved: it is freed, or replaced.
    package func showsEnd(of object: String?, at address: Address) -> Bool {
        freed.contains { $0.address == address && $0.object == object }
            || changes.contains { $0.action == .replace && $0.address == address && $0.label == object }
    }

    /// The same plan, made once all was done that another one shows: of what is left, only what that one says goes is removed,
    /// and the rest is kept. nil where more is left than removals, or an update would remove more than what goes.
    /// - Parameter waiting: What waits for checks that it did not pass: it goes on waiting, and frees nothing.
    package func removing(onlyWhatGoesIn shown: Plan, waiting: Set<Address> = []) -> Plan? {
        var rest = self
        rest.freed = []
        for index in changes.indices where changes[index].action != .keep {
            let change = changes[index]
            if waiting.contains(change.address) {
                rest.changes[index].action = .keep
                continue
            }
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

    /// What a promotion that was taken back used, and nothing uses since then: a plan removes it.
    func freed(byUndoing undone: Promotion, _ plan: Plan, _ removals: Removals) async throws -> [Freed] {
        var freed = plan.changes.flatMap { change in
            change.lettingGo.map { Freed(address: change.address, object: $0) }
        }
        let deleted = removals.all.filter { $0.action == .delete }.map(\.member)
        for (kind, members) in Dictionary(grouping: deleted, by: \.address.kind) {
            guard let driver = drivers[kind] else { continue }
            let before = try await driver.areUsed(members, after: Beforehand(promotions: [undone]))
            let now = try await driver.areUsed(members, after: Beforehand())
            freed += zip(members, zip(before, now)).filter { $1.0 && !$1.1 }.map { Freed($0.0) }
        }
        return freed.sorted { ($0.address, $0.object) < ($1.address, $1.object) }
    }

    /// What a plan does to releases, or what is done to them by hand.
    private func beforehand(_ plan: Plan, _ removals: Removals) -> Beforehand {
        if let byHand { return byHand }
        let promotions = plan.changes.filter(\.action.isPromotion).map { change in
            let member = workflow[change.address].flatMap { survey.member(for: $0) }
            return Promotion(change, from: member?.ownership == .ours ? member.flatMap(place(of:)) : nil)
        }
        let releases = removals.all.filter { drivers[$0.member.address.kind]?.promotes == true }
        let gone = releases.filter { !$0.member.isStale }
        let left = releases.filter { $0.member.isStale && $0.action == .delete }
        return Beforehand(
            promotions: promotions,
            removed: Set(gone.filter { $0.action == .delete }.map(\.member.address)),
            forgotten: Set(gone.filter { $0.action == .forget }.map(\.member.address)),
            left: Set(left.compactMap { place(of: $0.member) }))
    }

    /// Where the alias of a release stands.
    private func place(of release: Member) -> String? {
        drivers[release.address.kind]?.fields(of: release)[FieldChange.place]?.string
    }
}
