import Language
import Runtime
package import Suites
package import Wire

/// The runs of suites in MLflow that later ones are compared with. A tag of the experiment names the blessed run of a suite.
package struct BaselineStore: Sendable {
    /// MLflow's own tag for the baseline of a whole experiment.
    private static let ownTag = "mlflow.evaluation.baselineRunId"

    private let server: MLflowServer

    package init(_ server: MLflowServer) {
        self.server = server
    }

    private static func tag(_ suite: String) -> String {
        "drover.baseline.\(suite)"
    }

    /// The blessed run of a suite; nil when there is none.
    package func blessed(_ suite: String, inExperiment id: String) async throws -> Baseline? {
        guard let run = try await blessedRun(suite, inExperiment: id) else { return nil }
        return try await baseline(ofRun: run, named: Thresholds.NoWorseThan.blessed, suite)
    }

    /// The id of that run.
    package func blessedRun(_ suite: String, inExperiment id: String) async throws -> String? {
        try await experiment(id)?.tags[Self.tag(suite)]
    }

    /// The results of a suite in a run, or in another run of the same command.
    ///
    /// - Parameters:
    ///   - id: Of a run in MLflow, the beginning of one, or of a run as its log has it.
    ///   - experiment: Where the suite's runs are.
    /// - Returns: Nil when the command did not run the suite.
    /// - Throws: `Diagnostic` when there is no such run, or nothing in it to compare with.
    package func baseline(
        ofRun id: String, _ suite: String, inExperiment experiment: String
    ) async throws -> Baseline? {
        guard let asked = try await run(named: id, of: suite, inExperiment: experiment),
            let found = try await run(of: suite, beside: asked, inExperiment: experiment)
        else { return nil }
        return try await baseline(ofRun: found.id, named: id, suite)
    }

    /// The run of a suite that one command started together with another.
    private func run(of suite: String, beside run: MLflowRun, inExperiment experiment: String) async throws
        -> MLflowRun?
    {
        if run.tags["drover.suite"] == suite { return run }
        guard let key = run.tags[EvaluationRun.keyTag]?.split(separator: "/").first else { return nil }
        return try await self.run(keyed: "\(key)/\(suite)", inExperiment: experiment)
    }

    private func run(keyed key: String, inExperiment experiment: String) async throws -> MLflowRun? {
        try await server.runs(inExperiments: [experiment], where: MLflowFilter.tag(EvaluationRun.keyTag, key))
            .first { $0.tags[EvaluationRun.keyTag] == key }
    }

    private func baseline(ofRun id: String, named name: String, _ suite: String) async throws -> Baseline {
        let run = try await run(id)
        guard run.tags["drover.suite"] == suite else { throw Diagnostic.otherSuite(run, suite) }
        guard let file = try await server.verdicts(of: run) else { throw Diagnostic.noVerdicts(id) }
        return Baseline(file, named: name, run: id)
    }

    /// The run that is meant: by its whole id, by how that begins, or by the id in its log.
    /// - Returns: Nil when the experiment has none that a part of an id or the id in a log means.
    private func run(
        named name: String, of suite: String, inExperiment experiment: String
    ) async throws -> MLflowRun? {
        guard !name.isMLflowRunID else { return try await run(name) }
        guard name.allSatisfy(\.isHexDigit) else {
            let filter = MLflowFilter.tag(Evidence.runTag, name)
            let all = try await server.runs(inExperiments: [experiment], where: filter)
                .filter { $0.tags[Evidence.runTag] == name }
            return all.first { $0.tags["drover.suite"] == suite } ?? all.first
        }
        let meant = try await server.runs(inExperiments: [experiment]).filter { $0.id.utf8.starts(with: name.utf8) }
        guard meant.count < 2 else { throw Diagnostic.severalRuns(name, meant.map(\.id)) }
        return meant.first
    }

    private func run(_ id: String) async throws -> MLflowRun {
        do {
            return try await server.run(id)
        } catch let error as WireError where error.isMissing {
            throw Diagnostic.unknownRun(id)
        }
    }

    private func experiment(_ id: String) async throws -> MLflowExperiment? {
        try await server.experiments().first { $0.id == id && !$0.isDeleted }
    }
}

extension BaselineStore {
    /// A suite whose run is to be blessed.
    package struct Candidate: Sendable {
        package let suite: String
        package let stack: String
        package let experiment: String

        package init(suite: String, stack: String, experiment: String) {
            self.suite = suite
            self.stack = stack
            self.experiment = experiment
        }
    }

    /// The blessed run of a suite.
    package struct Blessing: Sendable, Hashable {
        package let suite: String
        package let run: String
        package let verdict: String
        package let cases: Int
    }

    /// Keeps a run as the baseline of a suite.
    ///
    /// - Parameters:
    ///   - id: Of a run, or of another one of the same command, as `baseline(ofRun:)` takes it; nil for the latest of the
    ///     whole suite.
    ///   - isAlone: Whether no other suite has the experiment: then MLflow's own tag says the same.
    /// - Returns: Nil when the suite has no such run.
    /// - Throws: `Diagnostic` when there is no such run, or nothing in it to compare with.
    package func bless(_ candidate: Candidate, run id: String?, isAlone: Bool) async throws -> Blessing? {
        guard let run = try await run(id, of: candidate) else { return nil }
        guard run.status != .running else { throw Diagnostic.stillRunning(run.id) }
        guard run.status != .killed, run.tags[EvaluationRun.unfinishedTag] == nil else {
            throw Diagnostic.interruptedBaseline(run)
        }
        let baseline = try await baseline(ofRun: run.id, named: run.id, candidate.suite)
        try await server.setExperimentTag(candidate.experiment, Self.tag(candidate.suite), to: run.id)
        if isAlone { try await server.setExperimentTag(candidate.experiment, Self.ownTag, to: run.id) }
        return Blessing(
            suite: candidate.suite, run: run.id, verdict: run.tags["drover.verdict"] ?? "without a verdict",
            cases: baseline.cases.count)
    }

    private func run(_ id: String?, of candidate: Candidate) async throws -> MLflowRun? {
        guard let id else {
            let filter = MLflowFilter.tag("drover.suite", candidate.suite)
            return try await server.runs(inExperiments: [candidate.experiment], where: filter)
                .filter { $0.tags["drover.suite"] == candidate.suite && $0.tags["drover.stack"] == candidate.stack }
                .filter { $0.status != .running && $0.tags[Evidence.shardTag] == nil }
                .filter { $0.tags[EvaluationRun.partTag] == nil }.max { $0.startTime < $1.startTime }
        }
        let asked = try await run(named: id, of: candidate.suite, inExperiment: candidate.experiment)
        guard let asked else { return nil }
        return try await run(of: candidate.suite, beside: asked, inExperiment: candidate.experiment)
    }
}

extension String {
    /// The ids of MLflow's runs: 32 hexadecimal digits.
    fileprivate var isMLflowRunID: Bool {
        utf8.count == 32 && allSatisfy(\.isHexDigit)
    }
}

extension Diagnostic {
    fileprivate static func unknownRun(_ id: String) -> Diagnostic {
        Diagnostic(
            "unknown-baseline", "Unknown baseline", detail: "MLflow has no run `\(id)`.",
            fix: "Name a run of this suite by its id, in MLflow or in its log, the path of a log, or `blessed`.",
            cause: .usage)
    }

    fileprivate static func severalRuns(_ name: String, _ ids: [String]) -> Diagnostic {
        Diagnostic(
            "unknown-baseline", "More than one run is meant",
            detail: "In MLflow \(ids.count) runs have ids that begin with `\(name)`: \(ids.sorted().prefix(4).listed).",
            fix: "Write more of the id.", cause: .usage)
    }

    fileprivate static func otherSuite(_ run: MLflowRun, _ suite: String) -> Diagnostic {
        let its = run.tags["drover.suite"].map { "is of the suite `\($0)`" } ?? "is of no suite"
        return Diagnostic(
            "baseline-of-another-suite", "Baseline of another suite",
            detail: "The run `\(run.id)` \(its), and is to be compared with `\(suite)`.",
            fix: "Name a run of `\(suite)`.", cause: .usage)
    }

    fileprivate static func noVerdicts(_ id: String) -> Diagnostic {
        Diagnostic(
            "baseline-without-verdicts", "Baseline without verdicts",
            detail:
                "The run `\(id)` in MLflow has no artifact `\(VerdictsFile.name)` that this version reads: an older drover "
                + "ran it, or MLflow keeps its artifacts where only other clients can read.",
            fix: "Run the suite again and bless that run, or keep a log and name its path.", cause: .lacking)
    }

    fileprivate static func interruptedBaseline(_ run: MLflowRun) -> Diagnostic {
        let why = run.tags[EvaluationRun.unfinishedTag].map { ": \($0)" } ?? ", because it was killed"
        return Diagnostic(
            "unfinished-baseline", "An unfinished run",
            detail: "The run `\(run.id)` did not take all its samples\(why). Its results are not whole.",
            fix: "Run the suite again to its end, or bless an earlier run by its id.", cause: .usage)
    }

    fileprivate static func stillRunning(_ id: String) -> Diagnostic {
        Diagnostic(
            "unfinished-baseline", "An unfinished run",
            detail: "The run `\(id)` has not ended: its results are not whole.",
            fix: "Wait until it has ended, or bless another one.", cause: .usage)
    }
}
