import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Runtime
import Suites
import Wire

/// Tries the suites that releases wait for, where no result stands.
struct GateRun {
    let gates: [Gate]
    let change: ChangeOptions
    let stack: Stack

    /// The result of each gate; a reason to override turns each that did not pass into one that did.
    func results(in session: Session) async throws -> [Address: CheckResult] {
        var results = try await decided(in: session)
        for gate in gates where results[gate.address]?.isPassed == true {
            guard gate.terms.verifiesArtifact else { continue }
            let check = ArtifactCheck(stack: stack, gate: gate, asksAgain: change.gates.rerun == .always)
            if let problem = try await check.problem(in: session) {
                results[gate.address] = .failed(problem)
            }
        }
        return overridden(results)
    }

    private func decided(in session: Session) async throws -> [Address: CheckResult] {
        let open = try await standing(in: session)
        let mayPass = Set(gates.filter(\.mayPass).map(\.address.name))
        let named = try stack.suites().filter { mayPass.contains($0.name) }
        let unfit = Dictionary(named.compactMap { suite in suite.unfitJudge.map { (suite.name, $0) } }) { first, _ in
            first
        }
        let keys = Dictionary(gates.map { ($0.address.name, $0.key) }) { first, _ in first }
        let edited = Set(named.filter { keys[$0.name]?.isOf($0) == false }.map(\.name))
        let unseen = open.mapValues(\.earlier.unseenFailures).filter { $0.value > 0 }
        let kept = edited.union(unfit.keys).union(unseen.keys)
        let suites = named.filter { open[$0.name] != nil && !kept.contains($0.name) }
            .map { change.gates.rerun.asked(of: $0, after: open[$0.name]?.earlier) }
        let run: Run? =
            suites.isEmpty
            ? nil
            : try await TestRun(gating: suites, stack, evidence: open, allowsPrograms: change.gates.allowExec)
                .run(in: session)
        let results = Dictionary(
            gates.map { gate in
                let isEdited = gate.decision == .run && edited.contains(gate.address.name)
                let problem =
                    unfit[gate.address.name] ?? (isEdited ? .gateEdited(gate) : nil)
                    ?? unseen[gate.address.name].map { Diagnostic.gateUnseen(gate, failures: $0) }
                let suite = suites.first { $0.name == gate.address.name }
                return (gate.address, problem.map(CheckResult.failed) ?? result(of: gate, suite, run, after: open))
            }
        ) { first, _ in first }
        return try await withOthers(results, of: run, in: session)
    }

    /// The same with what others have found meanwhile: what passed by all samples that stood when it began may not have by
    /// those that stand now, and what passed before the others ran may have failed since.
    private func withOthers(
        _ results: [Address: CheckResult], of run: Run?, in session: Session
    ) async throws -> [Address: CheckResult] {
        guard let mlflow = session.servers.mlflow else { return results }
        var results = results
        guard gates.contains(where: { $0.decision == .run }) else { return results }
        for gate in gates where results[gate.address]?.isPassed == true {
            let all = try await mlflow.evidence(underKey: gate.key.text, inExperiments: gate.places)
            let now = Int(Date().timeIntervalSince1970)
            let own = run?.suites.first { $0.suite == gate.address.name }?.samples
            let maxAge = gate.terms.maxEvidenceAge
            switch GateDecision(after: gate.evidence, of: all, taking: own, maxAge: maxAge, now: now) {
            case .passed, nil: break
            case .failed(let evidence): results[gate.address] = .failed(.gateStaysFailed(gate, evidence, among: all))
            // What stood when it was asked for may have become too old since.
            case .run, .unknown: if gate.decision == .run { results[gate.address] = .failed(.gateOpen(gate)) }
            }
        }
        return results
    }

    /// What the suites that have to run add their samples to.
    private func standing(in session: Session) async throws -> [String: StandingEvidence] {
        guard let mlflow = session.servers.mlflow else { return [:] }
        let now = Date()
        var all: [String: StandingEvidence] = [:]
        for gate in gates where gate.decision == .run && gate.failure == nil {
            let (standing, unreadable) = try await gate.present.standing(at: now, in: mlflow)
            if unreadable > 0 { stack.warn(.samplesNotRead(gate.present, runs: unreadable)) }
            all[gate.address.name] = standing
        }
        return all
    }

    private func result(
        of gate: Gate, _ suite: TestSuite?, _ run: Run?, after standing: [String: StandingEvidence]
    ) -> CheckResult {
        if let failure = gate.failure { return .failed(failure) }
        switch gate.decision {
        case .passed(let evidence): return .passed(on: StandingResult(at: evidence.at, run: evidence.run))
        case .failed, .unknown: return .failed(.gateUnknown(gate))
        case .run:
            guard let suite, let result = run?.suites.first(where: { $0.suite == gate.address.name }) else {
                return .failed(.gateUnknown(gate))
            }
            let earlier = standing[suite.name]?.earlier ?? EarlierSamples()
            let verdict = result.gateVerdict(of: suite, after: earlier)
            guard verdict == .passed else {
                let reasons = result.gateReasons(of: suite, after: earlier)
                return .failed(.gate(gate, result, verdict, because: reasons))
            }
            guard run?.changed.contains(result.suite) != true else { return .failed(.gateChanged(gate)) }
            return .passed(["verdict": .string("passed")])
        }
    }

    private func overridden(_ results: [Address: CheckResult]) -> [Address: CheckResult] {
        guard let reason = change.gates.overrideReason else { return results }
        return results.mapValues { result in
            guard case .failed(let problem) = result else { return result }
            var told = problem
            told.severity = .warning
            told.detail += " It is overridden: \(reason)"
            told.fix = nil
            Notices.write([told], stack.sources, environment: stack.environment)
            return .overridden(because: reason)
        }
    }
}

extension TestSuite {
    /// Why one of its judges may not decide about a release; nil when all may.
    fileprivate var unfitJudge: Diagnostic? {
        judges.sorted { $0.key < $1.key }.lazy.compactMap { $0.value.gateProblem }.first
    }
}

extension TestSuite {
    /// The same before anything is tried: there is time to calibrate the judge.
    var judgeWarning: Diagnostic? {
        var warning = unfitJudge
        warning?.severity = .warning
        return warning
    }
}

extension SuiteResult {
    /// Whether it is to be no worse than a run that is not there yet.
    fileprivate var lacksBaseline: Bool {
        comparison == nil && thresholds.contains { $0.name == "noWorseThan" && $0.verdict != .passed }
    }
}

extension CheckResult {
    fileprivate var isPassed: Bool {
        if case .passed = self { return true }
        return false
    }
}

extension Diagnostic {
    /// - Parameter reasons: Parts of a sentence.
    fileprivate static func gate(
        _ gate: Gate, _ result: SuiteResult, _ verdict: Verdict, because reasons: [String]
    ) -> Diagnostic {
        let isFailed = verdict == .failed
        return Diagnostic(
            isFailed ? "gate-failed" : "gate-inconclusive",
            isFailed ? "A gate failed" : "A gate could not be decided",
            detail: "The suite `\(gate.address.name)` \(isFailed ? "failed" : "did not decide")"
                + (reasons.isEmpty ? "." : " (\(reasons.joined(separator: "; "))).")
                + (gate.history.map { " Its samples add to \($0)." } ?? ""),
            fix: isFailed
                ? "Mend the agent or the suite; the alias stays where it is, and the new version is there as a candidate."
                : result.lacksBaseline
                    ? "Keep a run as the baseline with `drover test bless --suite \(gate.address.name)`, and apply again; the "
                        + "alias stays where it is."
                    : "Run it again once what kept it from deciding is mended; the alias stays where it is.",
            address: gate.address.description, cause: isFailed ? .failed : .inconclusive)
    }

    static func gateStaysFailed(
        _ gate: Gate, _ evidence: Evidence, among all: [Evidence]
    ) -> Diagnostic {
        Diagnostic(
            "gate-failed", "A gate failed",
            detail:
                "The suite `\(gate.address.name)` failed on \(evidence.at) with just this agent, this suite and these "
                + "servers (run \(evidence.run); \(GateHistory(all).told ?? "")), and is not tried again until luck passes it.",
            fix: "Change the agent or the suite, or use `--override REASON`.", address: gate.address.description,
            cause: .failed)
    }

    fileprivate static func gateChanged(_ gate: Gate) -> Diagnostic {
        undecided(
            "The suite `\(gate.address.name)` passed, but what it tested has changed meanwhile, or whether it has could "
                + "not be found out, so that this is no evidence.",
            fix: afterQuiet, gate)
    }

    fileprivate static func gateEdited(_ gate: Gate) -> Diagnostic {
        undecided(
            "A table or a judge of the suite `\(gate.address.name)` was edited while this was planned, so that it was not "
                + "tried: its result would stand for other files than were read.",
            fix: afterQuiet, gate)
    }

    fileprivate static func gateOpen(_ gate: Gate) -> Diagnostic {
        undecided(
            "The suite `\(gate.address.name)` passed, but does not with the samples that other runs added meanwhile.",
            fix: "Apply again: the suite runs once more, after all of them.", gate)
    }

    fileprivate static func gateUnseen(_ gate: Gate, failures: Int) -> Diagnostic {
        undecided(
            "The suite `\(gate.address.name)` is not asked again: \(failures == 1 ? "a sample" : "\(failures) samples") of "
                + "earlier runs under the same evidence failed, of which cases cannot be read, so that it could not pass.",
            fix: "Let drover read the artifacts of these runs in MLflow, change the agent or the suite, or use "
                + "`--override REASON`; the alias stays where it is.", gate)
    }

    fileprivate static func gateUnknown(_ gate: Gate) -> Diagnostic {
        undecided(
            "No result of the suite `\(gate.address.name)` stands, and it did not run.", fix: "Let it run.", gate)
    }

    private static let afterQuiet =
        "Apply again while nothing else is applied or edited; the alias stays where it is."

    /// A gate that neither passed nor failed.
    private static func undecided(_ reason: String, fix: String, _ gate: Gate) -> Diagnostic {
        Diagnostic(
            "gate-inconclusive", "A gate could not be decided", detail: reason, fix: fix,
            address: gate.address.description, cause: .inconclusive)
    }
}
