package import Language

/// Compares a plan that was reviewed with the one that planning again gives.
///
/// A saved plan is applied exactly or not at all. An apply that was agreed to and then locked the stack may find that
/// others did some of it meanwhile; then the rest of it is done, and never anything that was not shown.
package struct PlanComparison: Sendable {
    /// What may differ.
    package enum Terms: Sendable, Hashable {
        /// Nothing.
        case exact
        /// Something may be done already.
        case noMore
    }

    private let shown: Plan
    private let now: Plan
    private let isRecordMoved: Bool

    /// - Parameters:
    ///   - shownRecord: The digest of the record when the first plan was made.
    ///   - record: The digest of the record now.
    package init(_ shown: Plan, record shownRecord: String, with now: Plan, record: String) {
        self.shown = shown.asSaved
        self.now = now.asSaved
        isRecordMoved = shownRecord != record
    }

    /// What differs, by address; empty when the new plan may be carried out.
    package func differences(_ terms: Terms) -> [Diagnostic] {
        switch terms {
        case .exact:
            let (old, new) = (Self.byPlace(shown), Self.byPlace(now))
            let problems =
                Set(old.keys).union(new.keys).sorted { $0.sortable < $1.sortable }.compactMap { place in
                    difference(old[place], new[place], at: place.address)
                }
                + Self.missing(from: shown, of: now.freed).map { .freesMore($0, .exact) }
                + Self.missing(from: now, of: shown.freed).map { .freesLess($0) }
            return problems.isEmpty && isRecordMoved ? [.recordMoved] : problems
        case .noMore:
            let old = Dictionary(grouping: shown.changes, by: \.address)
            return now.changes.filter { $0.action != .keep }.compactMap { change in
                excess(of: change, over: old[change.address] ?? [])
            } + Self.missing(from: shown, of: now.freed).map { .freesMore($0, .noMore) }
        }
    }

    /// What one plan frees and the other neither frees nor replaces: what was replaced is freed later.
    private static func missing(from plan: Plan, of freed: [Freed]) -> [Freed] {
        freed.filter { !plan.showsEnd(of: $0.object, at: $0.address) }
    }

    private func difference(_ old: Change?, _ new: Change?, at address: Address) -> Diagnostic? {
        switch (old, new) {
        case (let old?, let new?):
            let planned = Decision(action: old.action, fields: old.fields)
            let now = Decision(action: new.action, fields: new.fields)
            if old.fingerprint != new.fingerprint {
                let difference = planned == now.withoutCauses(of: planned) ? nil : planned.difference(from: now)
                return .objectMoved(address, old.label, new.label, difference, .exact)
            }
            guard planned != now.withoutCauses(of: planned) else { return nil }
            return .otherDecision(address, planned.difference(from: now) ?? "What is known of it differs.", .exact)
        case (let old?, nil):
            return .otherDecision(
                address, "The plan says \(old.action.rawValue), and it is not there any more.", .exact)
        case (nil, let new?): return .unplanned(address, new.action, .exact)
        case (nil, nil): return nil
        }
    }

    /// What a change does that none of those shown at its address does.
    private func excess(of change: Change, over shown: [Change]) -> Diagnostic? {
        let problems = shown.filter { $0.action != .keep }.map { excess(of: change, over: $0) }
        guard !problems.isEmpty else { return .unplanned(change.address, change.action, .noMore) }
        return problems.contains { $0 == nil } ? nil : problems[0]
    }

    private func excess(of change: Change, over shown: Change) -> Diagnostic? {
        // What is lost with it was reviewed as it was then.
        let isLosing = [.delete, .replace].contains(change.action)
        guard change.label == shown.label, !isLosing || change.fingerprint == shown.fingerprint else {
            return .objectMoved(change.address, shown.label, change.label, nil, .noMore)
        }
        let planned = Decision(action: shown.action, fields: shown.fields)
        let left = Decision(action: change.action, fields: change.fields)
        return planned.excess(of: left).map { .otherDecision(change.address, $0, .noMore) }
    }

    /// Several leftovers may be removed at one address.
    private struct Place: Hashable {
        let address: Address
        let number: Int

        var sortable: (String, Int) { (address.description, number) }
    }

    private static func byPlace(_ plan: Plan) -> [Place: Change] {
        var counts: [Address: Int] = [:]
        var changes: [Place: Change] = [:]
        for change in plan.changes {
            counts[change.address, default: 0] += 1
            changes[Place(address: change.address, number: counts[change.address] ?? 0)] = change
        }
        return changes
    }
}

extension Plan {
    /// As it is read from a file, where `1.0` is `1`.
    fileprivate var asSaved: Plan {
        var plan = self
        plan.changes = changes.map { change in
            // A step always encodes: it is data.
            guard let step: SavedPlan.Step = try? Value(encoding: SavedPlan.Step(change)).decoded() else {
                return change
            }
            return step.change
        }
        return plan
    }
}

extension Decision {
    /// The same decision; causes follow from the record, which is compared as a whole.
    fileprivate func withoutCauses(of other: Decision) -> Decision {
        var decision = self
        guard other.fields.count == fields.count else { return self }
        for index in decision.fields.indices { decision.fields[index].cause = other.fields[index].cause }
        return decision
    }
}

extension PlanComparison.Terms {
    fileprivate var fix: String {
        switch self {
        case .exact: "Plan again, and have that plan reviewed."
        case .noMore: "Run the command again, and read the new plan."
        }
    }
}

extension Diagnostic {
    fileprivate static func objectMoved(
        _ address: Address, _ old: String?, _ new: String?, _ difference: String?, _ terms: PlanComparison.Terms
    ) -> Diagnostic {
        let moved =
            switch (old, new) {
            case (let old?, let new?) where old != new: "`\(address)` was \(old), and is \(new) now."
            case (let old?, nil): "`\(address)` was \(old), which is not there any more."
            case (nil, let new?): "`\(address)` was not there, and is \(new) now."
            case _: "`\(address)` was changed on its server since the plan was made."
            }
        return Diagnostic(
            "object-moved", "A live object is not the planned one any more",
            detail: [moved, difference].compactMap(\.self).joined(separator: " "), fix: terms.fix,
            address: address.description, cause: .conflict)
    }

    fileprivate static func unplanned(
        _ address: Address, _ action: Action, _ terms: PlanComparison.Terms
    ) -> Diagnostic {
        otherDecision(address, "It is not in the plan, and now there is something to \(action.rawValue).", terms)
    }

    fileprivate static func otherDecision(
        _ address: Address, _ difference: String, _ terms: PlanComparison.Terms
    ) -> Diagnostic {
        Diagnostic(
            "stale-plan", "Something else would be done than was planned",
            detail: "`\(address)`: \(difference)", fix: terms.fix, address: address.description, cause: .conflict)
    }

    fileprivate static func freesMore(_ freed: Freed, _ terms: PlanComparison.Terms) -> Diagnostic {
        otherDecision(
            freed.address, "What is done to releases would free \(freed.object) now, which was not planned.", terms)
    }

    fileprivate static func freesLess(_ freed: Freed) -> Diagnostic {
        otherDecision(
            freed.address, "The plan says that \(freed.object) is freed, and now it would not be.", .exact)
    }

    fileprivate static var recordMoved: Diagnostic {
        Diagnostic(
            "record-moved", "The record is not the planned one any more",
            detail: "Something was applied to this stack since the plan was made, or this is another record of it.",
            fix: PlanComparison.Terms.exact.fix, cause: .conflict)
    }
}
