import Language

/// What a reviewed plan says will be done, by address. An apply that would do something else at an address stops there.
package struct Promise: Sendable {
    private let decisions: [Address: Decision]

    package init(_ plan: Plan) {
        decisions = Dictionary(plan.changes.map { ($0.address, Decision(action: $0.action, fields: $0.fields)) }) {
            first, _ in first
        }
    }

    /// Compares a decision with what was promised. What was known only after apply may turn out as anything, also as no
    /// change at all.
    /// - Throws: `Diagnostic` (`conflict`) when the decision is another one.
    func check(_ decision: Decision, at address: Address) throws(Diagnostic) {
        let promised = decisions[address] ?? Decision(action: .keep, fields: [])
        guard let difference = promised.difference(from: decision) else { return }
        throw Diagnostic(
            "not-as-planned", "Something else would be done than was planned",
            detail: "\(difference) Nothing was done to `\(address)`.",
            fix: "Plan again and look at what is different now.", address: address.description, cause: .conflict)
    }
}

extension Decision {
    /// How a decision differs from this one, as a sentence; nil when it does what this one says.
    package func difference(from other: Decision) -> String? {
        let isOnlyAwaited = fields.allSatisfy(\.isKnownAfterApply)
        if other.action == .keep, action == .update, isOnlyAwaited { return nil }
        if let excess = excess(of: other) { return excess }
        let found = Set(other.fields.map(\.path))
        let missing = fields.first { !$0.isKnownAfterApply && !found.contains($0.path) }
        return missing.map { "`\($0.path)` would not change, which was planned." }
    }

    /// What another decision does that this one does not, as a sentence; nil when it does the same or less. What is
    /// known only after apply may become anything.
    func excess(of other: Decision) -> String? {
        let awaited = Set(fields.filter(\.isKnownAfterApply).map(\.path))
        let known = Dictionary(fields.map { ($0.path, $0) }) { first, _ in first }
        guard other.action == action else {
            guard other.action != .keep else {
                return
                    "The plan says \(action.rawValue), and nothing is to be done any more: it is as the plan makes it."
            }
            let unplanned = other.fields.first { known[$0.path] == nil && other.action != .create }
            return "The plan says \(action.rawValue), and now it would be \(other.action.rawValue)"
                + (unplanned.map { ", for `\($0.path)`." } ?? ".")
        }
        for field in other.fields where !awaited.contains(field.path) {
            guard let planned = known[field.path] else { return "`\(field.path)` would change, which was not planned." }
            if planned.old != field.old || planned.new != field.new {
                return "`\(field.path)` would change in another way than planned."
            }
        }
        return nil
    }
}
