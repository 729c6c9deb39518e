import Engine
import FoundationEssentials
import Kinds
import Language
import Runtime
import Suites
import Wire

/// The gates that a version has passed which waits for approval. By the time that somebody approves it, it may have failed
/// them, or have passed them too long ago.
struct PassedGates: Sendable {
    let release: String
    /// Why it is promoted all the same.
    let overrideReason: String?
    let stack: Stack

    /// - Throws: `Diagnostics` of the gates that it does not pass any more, unless there is a reason to override them.
    func require(_ waiting: ReleaseState.Entry, in session: Session) async throws {
        let problems = try await problems(waiting, in: session)
        guard !problems.isEmpty else { return }
        guard let overrideReason else { throw Diagnostics(problems) }
        let told = problems.map { problem in
            var told = problem
            told.severity = .warning
            told.detail += " It is overridden: \(overrideReason)"
            told.fix = nil
            return told
        }
        Notices.write(told, stack.sources, environment: stack.environment)
    }

    private func problems(_ waiting: ReleaseState.Entry, in session: Session) async throws -> [Diagnostic] {
        guard let gates = Kinds.gates(of: release, in: session.workflow), !gates.suites.isEmpty,
            let mlflow = session.servers.mlflow
        else { return [] }
        let lookup = try await session.lookup()
        var problems: [Diagnostic] = []
        for (declaration, _) in session.workflow.specs(of: SuiteSpec.self) {
            let name = declaration.address.name
            guard gates.suites.contains(name) else { continue }
            let all = try await mlflow.evidence(
                ofAgent: waiting.digest, bySuite: name, inExperiments: lookup.evidencePlaces)
            if let problem = problem(of: name, all, gates.maxEvidenceAge, waiting) { problems.append(problem) }
        }
        return problems
    }

    /// What counts is what stands under the key of the newest result.
    private func problem(
        of suite: String, _ all: [Evidence], _ maxAge: Duration, _ waiting: ReleaseState.Entry
    ) -> Diagnostic? {
        let standing = all.underNewestKey
        let now = Int(Date().timeIntervalSince1970)
        switch GateDecision(of: standing, maxAge: maxAge, rerun: .never, now: now) {
        case .passed: return nil
        case .failed(let evidence): return .failedSince(suite, evidence, waiting)
        case .run, .unknown:
            let passed = standing.filter { $0.verdict == Verdict.passed.rawValue }.max { $0.at < $1.at }
            return .notPassedAnyMore(suite, passed, maxAge, waiting)
        }
    }
}

extension Diagnostic {
    fileprivate static func failedSince(
        _ suite: String, _ evidence: Evidence, _ waiting: ReleaseState.Entry
    ) -> Diagnostic {
        Diagnostic(
            "gate-failed", "A gate failed",
            detail:
                "Version \(waiting.version), which waits for approval, failed the suite `\(suite)` on \(evidence.at) "
                + "(run \(evidence.run)).",
            fix: "Change the agent or the suite and apply it, or use `--override REASON`.",
            address: "suites.\(suite)", cause: .failed)
    }

    /// - Parameter passed: The last result with which it did; nil where none stands.
    fileprivate static func notPassedAnyMore(
        _ suite: String, _ passed: Evidence?, _ maxAge: Duration, _ waiting: ReleaseState.Entry
    ) -> Diagnostic {
        Diagnostic(
            "gate-inconclusive", "A gate could not be decided",
            detail: "Version \(waiting.version) waits for approval, and "
                + (passed.map { "passed the suite `\(suite)` on \($0.found): results count for \(maxAge.exact)." }
                    ?? "no passing result of the suite `\(suite)` stands."),
            fix: "Run `drover test --suite \(suite)`, and approve it then, or use `--override REASON`.",
            address: "suites.\(suite)", cause: .inconclusive)
    }
}

extension Evidence {
    /// When it was found, and how old the samples are that it needs: `2026-06-06T12:00:00Z, by samples from
    /// 2026-06-01T12:00:00Z on`.
    fileprivate var found: String {
        since.map { "\(at), by samples from \($0) on" } ?? at
    }
}
