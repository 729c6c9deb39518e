package import Language

/// The outcome of a check: of a suite that gates a release.
package enum CheckResult: Sendable {
    /// - Parameter outputs: What is known of it, such as the run that holds the evidence.
    case passed([String: Output])
    /// It was evaluated and failed, or could not be evaluated: the cause says which.
    case failed(Diagnostic)

    /// It was not run, because it had passed before.
    package static func passed(on standing: StandingResult) -> CheckResult {
        .passed([
            "verdict": .string("passed"), "evidence": .string(standing.run), "at": .string(standing.at),
        ])
    }

    /// What it passed on without being run; nil where it ran, or has not passed.
    package var standing: StandingResult? {
        guard case .passed(let outputs) = self, let at = outputs["at"]?.string,
            let run = outputs["evidence"]?.string
        else { return nil }
        return StandingResult(at: at, run: run)
    }

    /// It did not pass, and somebody lets it through all the same.
    package static func overridden(because reason: String) -> CheckResult {
        .passed(["verdict": .string(overrideVerdict), "reason": .string(reason)])
    }

    private static let overrideVerdict = "overridden"

    /// The reason for which it was let through although it did not pass; nil where it did.
    package var overrideReason: String? {
        guard case .passed(let outputs) = self, outputs["verdict"]?.string == Self.overrideVerdict else { return nil }
        return outputs["reason"]?.string ?? ""
    }

    /// Why it has not passed.
    package var problem: Diagnostic? {
        guard case .failed(let problem) = self else { return nil }
        return problem
    }
}

/// A result of a check that stands, so that it need not run again.
package struct StandingResult: Sendable, Hashable {
    /// When its run began: ISO 8601 in UTC.
    package let at: String
    /// The id of that run.
    package let run: String

    package init(at: String, run: String) {
        self.at = at
        self.run = run
    }
}

extension Workflow {
    /// Whether an address is a check: it is run, and nothing of it is kept on a server.
    package func isCheck(_ address: Address) -> Bool {
        checks.contains(address)
    }

    /// The checks, and everything that waits for one.
    package var gated: Set<Address> {
        checks.reduce(into: checks) { $0.formUnion(graph.dependents(of: $1)) }
    }

    /// The checks that an address waits for, in order.
    package func checks(before address: Address) -> [Address] {
        (graph.dependencies(of: address) ?? []).filter(isCheck).sorted()
    }
}

extension Plan {
    /// The same plan with the checks that what it promotes waits for, each before the first of these.
    func checking(for workflow: Workflow) -> Plan {
        let promoted = changes.filter(\.action.isPromotion).map(\.address)
        let needed = Set(promoted.flatMap { workflow.checks(before: $0) })
        guard !needed.isEmpty, let first = changes.firstIndex(where: \.action.isPromotion) else { return self }
        var plan = self
        let checks = workflow.declarations.filter { needed.contains($0.address) }
        plan.changes.insert(contentsOf: checks.map { Change($0.address, .check, range: $0.range) }, at: first)
        return plan
    }

    /// The same plan, where each change in place says that the checks come too late for it: what was promoted before
    /// uses it, too.
    /// - Parameter makesVersions: Whether those who use an object of a kind stay with the version that they have.
    func tellingWhatIsBeforeGates(for workflow: Workflow, makesVersions: (_ kind: String) -> Bool) -> Plan {
        // What waits for checks that do not let it through goes on waiting.
        let promoted = changes.filter { $0.action.isPromotion || $0.isWithheld }.map(\.address)
        let waiting = Set(promoted.filter { !workflow.checks(before: $0).isEmpty })
        let needed = workflow.graph.closure(of: waiting).subtracting(workflow.gated)
        var plan = self
        for index in changes.indices where needed.contains(changes[index].address) {
            let change = changes[index]
            guard change.isInPlace, !makesVersions(change.address.kind) else { continue }
            plan.changes[index].add(note: "takes effect before the gate")
        }
        return plan
    }
}

extension Change {
    /// Whether it changes what others may be using.
    fileprivate var isInPlace: Bool {
        switch action {
        case .update, .adopt: !fields.isEmpty
        case .replace: !isNewFirst
        case .keep, .create, .delete, .forget, .check, .promote, .propose: false
        }
    }
}
