import Language

/// A release that a plan promotes.
package struct Promotion: Sendable, Hashable {
    package let release: Address
    /// The version that it goes to; nil for one that the same plan makes.
    package let version: Int?

    package init(_ release: Address, to version: Int?) {
        self.release = release
        self.version = version
    }
}

/// Something of the stack that only older versions use: once a plan has promoted, nothing needs it any more, and it is
/// removed.
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
    /// What it promotes.
    var promotions: [Promotion] {
        changes.filter { $0.action == .promote }.map { change in
            Promotion(change.address, to: change.fields.first(where: \.isPromotion)?.new?.integer)
        }
    }

    /// Whether it says that an object goes once aliases have moved: it is freed, or replaced.
    package func showsEnd(of object: String?, at address: Address) -> Bool {
        freed.contains { $0.address == address && $0.object == object }
            || changes.contains { $0.action == .replace && $0.address == address && $0.label == object }
    }

    /// The same plan, made once all was done that another one shows: of what is left, only what that one says goes is removed,
    /// and the rest is kept. nil where more is left than removals.
    package func removing(onlyWhatGoesIn shown: Plan) -> Plan? {
        var rest = self
        for index in changes.indices where changes[index].action != .keep {
            let change = changes[index]
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
    /// What is kept because versions with an alias use it, and is in use no more once a plan has promoted.
    func freed(by plan: Plan, _ removals: Removals) async throws -> [Freed] {
        let promotions = plan.promotions
        guard !promotions.isEmpty else { return [] }
        let kept = removals.all.filter(\.isInUse).map(\.member)
        let candidates = survey.held.filter(scope.removes) + kept
        var freed: [Freed] = []
        for (kind, members) in Dictionary(grouping: candidates, by: \.address.kind) {
            guard let driver = drivers[kind] else { continue }
            let uses = try await driver.areUsed(members, after: promotions)
            freed += zip(members, uses).filter { !$1 }.map { Freed($0.0) }
        }
        return freed.sorted { ($0.address, $0.object) < ($1.address, $1.object) }
    }
}
