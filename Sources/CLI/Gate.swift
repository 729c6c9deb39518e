import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Runtime
import Suites
import Wire

/// A suite that a plan holds because a release waits for it, and what is known of it.
struct Gate: Sendable {
    let address: Address
    /// What the releases want that wait for it, and would move their alias.
    let terms: GateTerms
    let key: EvidenceKey
    /// MLflow's ids of the experiments where its evidence may stand.
    let places: [String]
    /// All that stands under the key.
    let evidence: [Evidence]
    let decision: GateDecision
    /// What it asks, and what that costs; nil where it does not run, or a plan is not shown.
    let costs: SuiteCosts?
    /// The number of runs that found something under the key, which MLflow does not have yet.
    let unsent: Int
    /// That the version has failed as it is logged, and is not asked again; nil where it has not.
    let failedArtifact: Diagnostic?

    /// What stands under the key, on the terms of those releases.
    var present: PresentEvidence {
        PresentEvidence(suite: address.name, key: key, maxAge: terms.maxEvidenceAge, places: places, all: evidence)
    }

    /// Every attempt, as a part of a sentence.
    var history: String? { GateHistory(evidence).told }

    /// That it has failed, and is not tried again; nil where it has not.
    var failure: Diagnostic? {
        guard case .failed(let failed) = decision else { return failedArtifact }
        return .gateStaysFailed(self, failed, among: evidence)
    }

    /// Whether something may wait for it that goes on then.
    var mayPass: Bool {
        guard failure == nil else { return false }
        switch decision {
        case .passed, .run: return true
        case .failed, .unknown: return false
        }
    }

    /// What a plan says of it.
    var note: String {
        switch decision {
        case .passed(let evidence):
            "passed on \(evidence.at) (run \(evidence.run); \(history ?? "")): not run again\(waiting)"
        case .failed(let evidence):
            "failed on \(evidence.at) (run \(evidence.run); \(history ?? "")), and stays so until something changes"
        case .unknown: "no result stands, and it is not to run"
        case .run:
            (costs?.told ?? "runs") + (history.map { "; adds to \($0)" } ?? "") + waiting
        }
    }

    /// Only an apply sends it: a plan writes nothing.
    private var waiting: String {
        guard unsent > 0 else { return "" }
        return "; what \(unsent.counting("run")) found waits here for MLflow, is sent first, and counts"
    }
}

extension Gate {
    /// The gates of a plan.
    /// - Parameter suites: Those of the stack, where it is told what gates cost.
    static func all(
        of plan: Plan, _ workflow: Workflow, _ survey: Survey, _ suites: [TestSuite], in session: Session,
        _ rerun: Rerun
    ) async throws -> [Gate] {
        let checks = plan.changes.filter { $0.action == .check }.map(\.address)
        guard !checks.isEmpty, let mlflow = session.servers.mlflow else { return [] }
        let lookup = session.lookup(in: survey, workflow)
        let promoted = Set(plan.changes.filter(\.action.isPromotion).map(\.address))
        let unsent = SpoolSender.waiting(in: TestRun.unsent, for: mlflow)
        var gates: [Gate] = []
        for address in checks {
            guard let suite = workflow[address]?.spec as? SuiteSpec,
                let terms = Kinds.terms(of: address, in: workflow, among: promoted)
            else { continue }
            let agent = suite.subject.address
            let place = lookup.place(of: agent.name, experiment: suite.experiment?.value, isApplied: true)
            let key = try await session.evidenceKey(
                of: address.name, suite, logical: plan.identities[agent] ?? "", place?.experimentID)
            let isMade = plan.changes.first { $0.address == agent }?.action != .keep
            let artifact =
                terms.verifiesArtifact && rerun != .always && !isMade
                ? place?.modelURI.flatMap { FailedArtifact($0, suite: address.name, on: mlflow) } : nil
            let places = lookup.evidencePlaces
            let evidence = try await mlflow.evidence(
                underKey: key.text, inExperiments: places)
            let decision = GateDecision(
                of: evidence, maxAge: terms.maxEvidenceAge, rerun: rerun,
                now: Int(Date().timeIntervalSince1970))
            var costs: SuiteCosts?
            if decision == .run, let suite = suites.first(where: { $0.name == address.name }) {
                let present = PresentEvidence(
                    suite: address.name, key: key, maxAge: terms.maxEvidenceAge, places: places, all: evidence)
                let asked = rerun.asked(of: suite, after: try await present.samples(at: Date(), in: mlflow))
                costs = try await SuiteCosts(asked, inExperiment: place?.experimentID, on: mlflow)
            }
            gates.append(
                Gate(
                    address: address, terms: terms, key: key, places: places, evidence: evidence, decision: decision,
                    costs: costs, unsent: unsent[key.text] ?? 0, failedArtifact: try await artifact?.problem))
        }
        return gates
    }
}
