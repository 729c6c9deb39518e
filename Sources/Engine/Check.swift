package import Language

/// The outcome of a check: of a suite that gates a release.
package enum CheckResult: Sendable {
    /// - Parameter outputs: What is known of it, such as the run that holds the evidence.
    case passed([String: Output])
    /// It was evaluated and failed, or could not be evaluated: the cause says which.
    case failed(Diagnostic)
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
        let promoted = changes.filter { $0.action == .promote }.map(\.address)
        let needed = Set(promoted.flatMap { workflow.checks(before: $0) })
        guard !needed.isEmpty, let first = changes.firstIndex(where: { $0.action == .promote }) else { return self }
        var plan = self
        let checks = workflow.declarations.filter { needed.contains($0.address) }
        plan.changes.insert(contentsOf: checks.map { Change($0.address, .check, range: $0.range) }, at: first)
        return plan
    }
}
