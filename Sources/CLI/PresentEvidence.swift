import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Runtime
import Suites
import Wire

/// What the results of a suite are kept under as evidence in the present state of its agent, and what stands there.
///
/// It is known of agents that are applied as they are declared, with all that they need: then the logical digest of what is
/// declared is that of what answers.
struct PresentEvidence: Sendable {
    let suite: String
    let key: EvidenceKey
    /// How old a passing result may be: the strictest of all releases that wait for the suite.
    let maxAge: Duration
    /// MLflow's ids of the experiments where it may stand.
    let places: [String]
    /// All that stands under the key, of gates and of `drover test`.
    let all: [Evidence]

    /// The last one with a passing verdict, which no failure under the key takes back; nil when there is none that counts.
    func passing(at now: Date) -> Evidence? {
        let decision = GateDecision(of: all, maxAge: maxAge, rerun: .never, now: Int(now.timeIntervalSince1970))
        guard case .passed(let evidence) = decision else { return nil }
        return evidence
    }

    /// What a further run of the suite adds its samples to.
    /// - Returns: Also how many earlier runs keep samples that cannot be read.
    func standing(
        at now: Date, in mlflow: MLflowServer
    ) async throws -> (standing: StandingEvidence, unreadable: Int) {
        let fresh = all.filter { $0.isFresh(maxAge, Int(now.timeIntervalSince1970)) }
        let (samples, unreadable) = try await mlflow.samples(of: fresh)
        var standing = StandingEvidence(key: key.text, logical: key.logical, maxAge: maxAge, earlier: samples)
        (standing.places, standing.hasFailed) = (places, all.contains(where: \.hasFailed))
        return (standing, unreadable)
    }
}

extension PresentEvidence {
    /// The samples that a further run adds to, as far as they can be read: a plan only tells what that costs.
    func samples(at now: Date, in mlflow: MLflowServer) async throws -> EarlierSamples {
        do {
            return try await standing(at: now, in: mlflow).standing.earlier
        } catch is WireError {
            return EarlierSamples()
        }
    }

    /// Looks at the servers as a plan does, and changes nothing.
    /// - Parameter parts: The digests of shards that are left out.
    /// - Returns: By the names of the suites; those are missing whose agent is not applied as it is declared.
    /// - Throws: What makes a plan of the agents impossible.
    static func all(
        for suites: Set<String>, in session: Session, besides parts: Set<String> = []
    ) async throws -> [String: PresentEvidence] {
        let agents = Set(specs(of: suites, in: session).map(\.spec.subject.address))
        return try await all(
            for: suites, in: session, given: AppliedState.look(at: agents, in: session), besides: parts)
    }

    /// The same where somebody has looked at the servers.
    static func all(
        for suites: Set<String>, in session: Session, given applied: AppliedState, besides parts: Set<String> = []
    ) async throws -> [String: PresentEvidence] {
        guard let mlflow = session.servers.mlflow else { return [:] }
        let lookup = applied.lookup
        var found: [String: PresentEvidence] = [:]
        for (declaration, spec) in specs(of: suites, in: session) {
            let address = declaration.address
            guard let logical = applied.digests[spec.subject.address],
                let place = lookup.place(of: spec.agent.value, experiment: spec.experiment?.value, isApplied: true)
            else { continue }
            let key = try await session.evidenceKey(of: address.name, spec, logical: logical, place.experimentID)
            found[address.name] = PresentEvidence(
                suite: address.name, key: key,
                maxAge: Kinds.terms(of: address, in: session.workflow)?.maxEvidenceAge ?? Evidence.standardAge,
                places: lookup.evidencePlaces,
                all: try await mlflow.evidence(
                    underKey: key.text, inExperiments: lookup.evidencePlaces, besides: parts))
        }
        return found
    }

    private static func specs(
        of suites: Set<String>, in session: Session
    ) -> [(declaration: Declaration, spec: SuiteSpec)] {
        session.workflow.specs(of: SuiteSpec.self).filter { suites.contains($0.declaration.address.name) }
    }
}

extension Session {
    /// What the results of a suite are kept under.
    ///
    /// - Parameters:
    ///   - logical: The logical digest of its agent.
    ///   - experiment: Where its runs are in MLflow.
    func evidenceKey(
        of name: String, _ suite: SuiteSpec, logical: String, _ experiment: String?
    ) async throws -> EvidenceKey {
        let node = root.entry("suites")?.entry(name)
        let asked = suite.judges.compactMap { name in root.entry("judges")?.entry(name).map { (name, $0) } }
        // The labels of a judge only show how good it is.
        let paths =
            (node?.files ?? []) + (node?.programs ?? []).filter { isFile(servers.folder.location(of: $0)) }
            + asked.flatMap { $0.1.entry("rubric")?.files ?? [] }
        let files = paths.map { path in
            // What cannot be read was told when the spec was.
            (path.value, try? servers.folder.bytes(of: path))
        }
        return EvidenceKey(
            logical: logical, code: Kinds.agentCodeDigest, suite: node?.written ?? .null,
            files: Dictionary(files.map { ($0.0, $0.1.map { sha256Hex($0) } ?? "") }) { first, _ in first },
            texts: Dictionary(files.map { ($0.0, $0.1.map { sha256Hex(ByteOrderMark.removed(from: $0)) } ?? "") }) {
                first, _ in first
            },
            judges: Dictionary(asked.map { ($0.0, $0.1.written) }) { first, _ in first },
            meant: try await meant(by: suite, named: name, experiment),
            servers: locations.filter { $0.name != "MLflow" }.map { "\($0.name) \($0.version) at \($0.url)" })
    }
}

extension Session {
    /// What stands behind names in a suite, so that it may become something else while the suite stays as it is written.
    private func meant(
        by suite: SuiteSpec, named name: String, _ experiment: String?
    ) async throws -> [String: String] {
        var meant: [String: String] = [:]
        if !suite.judges.isEmpty {
            // What cannot be read was told when the spec was.
            let judges = (try? workflow.judges(in: servers.folder)) ?? [:]
            for name in suite.judges { meant["judges.\(name)"] = judges[name]?.digest }
        }
        for model in Set(suite.similarities.map(\.model)) {
            // Without a model, whoever runs the suite is told so.
            meant["embeddings.\(model ?? "")"] = try? Kinds.embeddingModel(model, in: workflow)
        }
        if let baseline = suite.baseline {
            meant["baseline"] = try await identity(of: baseline, of: name, experiment)
        }
        return meant
    }

    /// The blessed run, or the content of a log; nil for what has its identity in its name, and for what is not there.
    private func identity(of baseline: String, of suite: String, _ experiment: String?) async throws -> String? {
        guard baseline == Thresholds.NoWorseThan.blessed else {
            return try? FileDigests().content(ofFileAt: URL(filePath: baseline).path).sha256
        }
        guard let mlflow = servers.mlflow, let experiment else { return nil }
        return try await BaselineStore(mlflow).blessedRun(suite, inExperiment: experiment)
    }
}

private func isFile(_ path: String) -> Bool {
    var isDirectory = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory
}

extension Node {
    fileprivate func entry(_ key: String) -> Node? {
        entries?.first { $0.key.isExactly(key) }?.value
    }

    /// As data; references are as they are written.
    fileprivate var written: Value {
        value { template, _ in .string(template.text) } ?? .null
    }

    /// The values of all fields `file` in it: tables, rubrics, schemas.
    fileprivate var files: [Located<String>] { texts(of: "file") }

    /// The words of all commands in it, which may be programs and scripts beside the spec.
    fileprivate var programs: [Located<String>] { texts(of: "command") }

    /// The texts that the fields of a name are or list.
    private func texts(of name: String) -> [Located<String>] {
        switch content {
        case .sequence(let nodes): nodes.flatMap { $0.texts(of: name) }
        case .mapping(let entries):
            entries.flatMap { $0.key.isExactly(name) ? $0.value.texts : $0.value.texts(of: name) }
        case .null, .bool, .integer, .bigInteger, .number, .string, .pending: []
        }
    }

    private var texts: [Located<String>] {
        switch content {
        case .sequence(let nodes): nodes.flatMap(\.texts)
        case .string(let text): [Located(text, at: range)]
        case .mapping, .null, .bool, .integer, .bigInteger, .number, .pending: []
        }
    }
}

extension Diagnostic {
    static func samplesNotRead(_ evidence: PresentEvidence, runs: Int) -> Diagnostic {
        Diagnostic(
            "samples-not-read", "Earlier samples cannot be read",
            detail:
                "Of \(runs == 1 ? "an earlier run" : "\(runs) earlier runs") of the suite `\(evidence.suite)` with the "
                + "same agent and servers no samples can be read, so that none are added to these.",
            fix: "Nothing has to be done where none of them failed: the suite is decided by the others.",
            address: "suites.\(evidence.suite)",
            severity: .warning)
    }
}
