import Engine
import Kinds
import Language
import Suites
import Wire

extension EndangeredSuite {
    /// The suites whose agents, or what these need, a plan changes, with what their last runs used.
    /// - Parameter suites: Those of the stack.
    static func all(
        by plan: Plan, _ workflow: Workflow, _ suites: [TestSuite], beside gates: [Gate], _ survey: Survey,
        in session: Session
    ) async throws -> [EndangeredSuite] {
        let changed = plan.changes.filter { $0.action != .keep }.map(\.address)
        let touched = changed.reduce(into: Set(changed)) { $0.formUnion(workflow.graph.dependents(of: $1)) }
        let specs = workflow.specs(of: SuiteSpec.self).filter { touched.contains($0.spec.subject.address) }
        guard !suites.isEmpty, !specs.isEmpty else { return [] }
        let lookup = session.lookup(in: survey, workflow)
        var endangered: [EndangeredSuite] = []
        for suite in suites {
            guard let spec = specs.first(where: { $0.declaration.address.name == suite.name })?.spec else { continue }
            let gate = gates.first { $0.address.name == suite.name }
            if let gate, gate.decision != .run || gate.failure != nil {
                endangered.append(
                    EndangeredSuite(name: suite.name, cases: suite.cases.count, standing: suite.cases.count))
                continue
            }
            let place = lookup.place(of: suite.agent, experiment: spec.experiment?.value, isApplied: true)
            let costs =
                if let known = gate?.costs { known } else {
                    try await SuiteCosts(suite, inExperiment: place?.experimentID, on: session.servers.mlflow)
                }
            endangered.append(
                EndangeredSuite(
                    name: suite.name, cases: costs.cases, standing: costs.cases - costs.asked.count,
                    tokens: costs.tokens, endangered: costs.asked))
        }
        return endangered
    }
}
