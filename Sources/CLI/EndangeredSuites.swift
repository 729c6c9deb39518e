import Engine
import Kinds
import Language
import Reports
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
            if let gate = gates.first(where: { $0.address.name == suite.name }), gate.decision != .run {
                endangered.append(
                    EndangeredSuite(name: suite.name, cases: suite.cases.count, standing: suite.cases.count))
                continue
            }
            let place = lookup.place(of: suite.agent, experiment: spec.experiment?.value, isApplied: true)
            let last = try await session.servers.mlflow?.lastCosts(
                ofSuite: suite.name, inExperiment: place?.experimentID)
            endangered.append(EndangeredSuite(suite, last))
        }
        return endangered
    }

    private init(_ suite: TestSuite, _ last: Costs?) {
        self.init(
            name: suite.name, cases: suite.cases.count, tokens: last?.whole ?? last?.sum(of: suite),
            endangered: suite.cases.map { each in
                let id = each.id.description
                return Case(name: String(id.dropFirst(suite.name.count + 1)), tokens: last?.cases[id])
            })
    }

    /// The tokens that a run used.
    fileprivate struct Costs {
        var whole: Int?
        /// By the ids of cases.
        var cases: [String: Int] = [:]

        /// Of all cases of a suite; nil when one is not known.
        func sum(of suite: TestSuite) -> Int? {
            let known = suite.cases.compactMap { cases[$0.id.description] }
            return known.count == suite.cases.count ? known.reduce(0, +) : nil
        }
    }
}

extension MLflowServer {
    /// What the last evaluation run of a suite used; nil when there is none.
    fileprivate func lastCosts(ofSuite name: String, inExperiment id: String?) async throws -> EndangeredSuite.Costs? {
        guard let id,
            let run = try await latestRun(inExperiments: [id], where: MLflowFilter.tag("drover.suite", name))
        else { return nil }
        var costs = EndangeredSuite.Costs(whole: run.metrics["total_tokens"].map { Int($0) })
        for each in try await readableVerdicts(of: run)?.cases ?? [] {
            let tokens = each.samples.compactMap(\.tokens)
            if !tokens.isEmpty, tokens.count == each.samples.count { costs.cases[each.id] = tokens.reduce(0, +) }
        }
        return costs
    }

    /// What the cases cost is an extra: a plan does not fail because artifacts cannot be read.
    private func readableVerdicts(of run: MLflowRun) async throws -> VerdictsFile? {
        do {
            return try await verdicts(of: run)
        } catch is WireError {
            return nil
        }
    }
}
