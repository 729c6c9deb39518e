import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Runtime
import Suites
import Wire

/// What the results of a run are evidence of, and what its log says of that.
extension TestRun {
    /// The same with what its results are kept under. That is found out before it looks whom to ask: what somebody changes in
    /// between is noticed at the end then, and would else pass for what was asked.
    func keyed(in session: Session) async -> TestRun {
        if publishes, let mlflow = session.servers.mlflow { await Self.sendEarlier(to: mlflow, stack, in: session) }
        guard evidence == nil else { return self }
        var keyed = self
        keyed.evidence = await standing(in: session)
        return keyed
    }

    /// What the results of whole suites are kept under as evidence, where the agents are applied as they are declared.
    private func standing(in session: Session) async -> [String: StandingEvidence] {
        guard let mlflow = session.servers.mlflow else { return [:] }
        var all: [String: StandingEvidence] = [:]
        var edited: [String] = []
        // What it goes on with is a part of it, and not added to.
        let parts = Set((earlier?.record.lineageIDs ?? []).map(Evidence.digest(ofRun:)))
        do {
            let names = Set(suites.map(\.name))
            for (suite, present) in try await PresentEvidence.all(for: names, in: session, besides: parts) {
                let (standing, unreadable) = try await present.standing(at: Date(), in: mlflow)
                if unreadable > 0 { stack.warn(.samplesNotRead(present, runs: unreadable)) }
                all[suite] = standing
                if whole.contains(where: { $0.name == suite && !present.key.isOf($0) }) { edited.append(suite) }
            }
        } catch {
            stack.warn(.noEvidence(because: Diagnostic.from(error, at: nil).detail))
            return [:]
        }
        let others = suites.map(\.name).filter { all[$0] == nil }
        if !others.isEmpty { Console.note("\(Self.unapplied) (\(others.listed)).") }
        for suite in edited { all[suite] = nil }
        if !edited.isEmpty { Console.note("\(Self.editedSince) (\(edited.sorted().listed)).") }
        guard let earlier else { return all }
        // What the samples of the earlier run are evidence of is not known.
        let unkeyed = all.keys.filter { earlier.record.evaluations?[$0]?.key == nil }.sorted()
        for suite in unkeyed { all[suite] = nil }
        if shard != nil, !unkeyed.isEmpty { Console.note("\(Self.unkeyed) (\(unkeyed.listed)).") }
        return all
    }

    private static let editedSince = "No evidence is kept, because a table or a judge was edited since it was read"

    private static let unapplied = "No evidence is kept where the spec is another than what is applied"

    private static let unkeyed = "No evidence is kept, because the run that this one goes on with kept none"

    /// The verdict of a suite for the history: where the run adds to evidence, the one that stands with it.
    func line(of result: SuiteResult, in run: Run) -> String {
        guard let suite = suites.first(where: { $0.name == result.suite }), let standing = evidence?[suite.name],
            isEvidence, !run.changed.contains(suite.name)
        else { return result.line }
        return result.line(of: suite, after: standing)
    }

    /// How the suites are shown in MLflow, by name.
    func evaluations(at places: [String: MLflowPlace]) -> [String: EvaluationRecord] {
        let asked = Set(suites.map(\.name))
        let known = whole.filter { asked.contains($0.name) }.compactMap { suite in
            places[suite.name].map { place in
                (suite.name, EvaluationRecord(of: suite, at: place, in: stack.sources, evidence?[suite.name]))
            }
        }
        return Dictionary(known) { first, _ in first }
    }
}

extension Diagnostic {
    fileprivate static func noEvidence(because reason: String) -> Diagnostic {
        Diagnostic(
            "no-evidence", "Results that are no evidence",
            detail: "What the results are kept under as evidence could not be found out. \(reason)",
            fix: "The verdict stands without it. Run the suites again where a gate or a server asks for evidence.",
            severity: .warning)
    }
}
