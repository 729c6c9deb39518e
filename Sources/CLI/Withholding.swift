import Engine
import Kinds
import Language
import Suites

/// Which promotions a plan leaves out, because gates do not let them through that are not tried.
enum Withholding: Sendable {
    case nothing
    /// Those that wait for gates that have failed, and are not tried again.
    case blocked
    /// Those that an earlier plan left out, with its reasons.
    case same([Address: String])

    /// What is left out before the gates are known.
    var known: [Address: String] {
        guard case .same(let withheld) = self else { return [:] }
        return withheld
    }

    /// - Parameter isOverridden: Whether gates that do not pass are overridden.
    init(_ permissions: Permissions, isOverridden: Bool = false) {
        // Where an alias is accepted as it stands, nothing may be left to promote.
        self = isOverridden || permissions.acceptAlias ? .nothing : .blocked
    }
}

extension ChangeOptions {
    /// What the plan of an apply leaves out.
    /// - Parameter permissions: What the plan may do: a saved one brings its own.
    func withholding(_ permissions: Permissions) -> Withholding {
        Withholding(permissions, isOverridden: gates.overrideReason != nil)
    }
}

extension Gate {
    /// Why what waits for it stays, as the end of a sentence; nil where it may pass.
    fileprivate var obstacle: String? {
        guard let failure else { return nil }
        if case .failed = decision { return "`\(address.name)` \(note)" }
        return failure.detail.hasSuffix(".") ? String(failure.detail.dropLast()) : failure.detail
    }
}

extension [Gate] {
    /// The promotions of a plan that wait for those that have failed, each with the reason as the end of a sentence.
    func withheld(from plan: Plan, _ workflow: Workflow) -> [Address: String] {
        let reasons = Dictionary(compactMap { gate in gate.obstacle.map { (gate.address, $0) } }) { first, _ in first }
        var withheld: [Address: String] = [:]
        for change in plan.changes where change.action.isPromotion {
            let blocking = workflow.checks(before: change.address).compactMap { reasons[$0] }
            if !blocking.isEmpty { withheld[change.address] = blocking.joined(separator: "; ") }
        }
        return withheld
    }
}

extension Deployment {
    /// What an apply ends with that leaves out promotions; nil where there are none.
    func stayed(_ stack: Stack) -> Attempt? {
        let problems = gates.compactMap { gate in
            gate.failure.map { problem in workflow[gate.address].map(problem.locating) ?? problem }
        }
        return problems.isEmpty ? nil : Attempt(applied: .nothing, failures: failing(problems, stack))
    }
}
