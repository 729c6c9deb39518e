import FoundationEssentials
import Language
import Reports
import Suites
import Wire

/// What the suites of a run are compared with: what `--baseline` names, otherwise what their `noWorseThan` does.
struct BaselineChoice: Sendable {
    /// `blessed`, the id of a run in MLflow or in its log, or the path of a log; nil when nothing was asked for.
    let asked: String?
    /// The suites with all their cases.
    let whole: [TestSuite]

    /// The paths of the logs that are compared with.
    var logPaths: [String] {
        ([asked] + whole.map { $0.thresholds.noWorseThan?.value.baseline })
            .compactMap { $0.flatMap { RunLogs.path(of: $0) } }
    }

    /// The same suites with their baselines.
    ///
    /// - Parameter places: Where the suites' runs are in MLflow, by the names of the suites.
    /// - Throws: `Diagnostic` when what was asked for is not there, or has nothing in common with the suites.
    func applied(
        to suites: [TestSuite], places: [String: MLflowPlace], _ mlflow: MLflowServer?
    ) async throws -> [TestSuite] {
        let store = mlflow.map(BaselineStore.init)
        var compared: [TestSuite] = []
        for suite in suites {
            var suite = suite
            if let name = asked ?? suite.thresholds.noWorseThan?.value.baseline {
                let found = try await baseline(name, of: suite, store, experiment: places[suite.name]?.experimentID)
                suite.baseline = found.map { $0.compared(withCasesOf: declared(suite)) }
                // What the spec compares with is no mistake of who runs new cases only: then nothing is comparable.
                if asked != nil, let baseline = suite.baseline { try check(baseline, suite) }
            }
            compared.append(suite)
        }
        if let asked, compared.allSatisfy({ $0.baseline == nil }) { throw Diagnostic.nothingToCompare(asked, suites) }
        return compared
    }

    private func declared(_ suite: TestSuite) -> TestSuite {
        whole.first { $0.name == suite.name } ?? suite
    }

    /// - Returns: Nil when nothing is blessed yet, or the run did not try the suite.
    private func baseline(
        _ name: String, of suite: TestSuite, _ store: BaselineStore?, experiment: String?
    ) async throws -> Baseline? {
        if let path = RunLogs.path(of: name) { return try Self.logged(at: path, named: name, suite.name) }
        let isBlessed = name == Thresholds.NoWorseThan.blessed
        guard isBlessed || name.mayBeRun else { throw Diagnostic.unknownBaseline(name) }
        guard let store, let experiment else {
            guard isBlessed, asked == nil else { throw Diagnostic.noServer(name, suite.name) }
            return nil
        }
        return isBlessed
            ? try await store.blessed(suite.name, inExperiment: experiment)
            : try await store.baseline(ofRun: name, suite.name, inExperiment: experiment)
    }

    private static func logged(at path: String, named name: String, _ suite: String) throws -> Baseline? {
        let recorded = try RecordedRun.read(SampleLog.read(path))
        guard let index = recorded.run.suites.firstIndex(where: { $0.suite == suite }) else { return nil }
        return Baseline(try VerdictsFile(recorded, ofSuite: index), named: name)
    }

    private func check(_ baseline: Baseline, _ suite: TestSuite) throws {
        guard !suite.cases.contains(where: { baseline.cases[$0.id.description] != nil }) else { return }
        throw Diagnostic.noPairs(baseline, suite)
    }
}

extension String {
    /// Whether it can be the id of a run in MLflow, 32 hexadecimal digits, or how one begins; or the id in a log:
    /// `helpdesk-20260601-120000-3f2a`.
    fileprivate var mayBeRun: Bool {
        ((6...32).contains(utf8.count) && allSatisfy(\.isHexDigit)) || wholeMatch(of: RunLogs.form) != nil
    }
}

extension Diagnostic {
    fileprivate static func unknownBaseline(_ name: String) -> Diagnostic {
        Diagnostic(
            "unknown-baseline", "Unknown baseline",
            detail: "`\(name)` is neither `blessed`, nor the id of a run, nor a file.",
            fix:
                "Use `blessed`, the id of a run in MLflow (6 of its digits are enough), the id that `drover test` told "
                + "at its end, or the path of a log.",
            cause: .usage)
    }

    fileprivate static func noServer(_ name: String, _ suite: String) -> Diagnostic {
        Diagnostic(
            "unknown-baseline", "Unknown baseline",
            detail:
                "`\(name)` is a run in MLflow, and the results of `\(suite)` are in none: the stack has no experiment "
                + "there yet.",
            fix: "Apply the stack with an MLflow server, or name the path of a log.", cause: .usage)
    }

    fileprivate static func nothingToCompare(_ name: String, _ suites: [TestSuite]) -> Diagnostic {
        let names = suites.map(\.name).listed
        let isBlessed = name == Thresholds.NoWorseThan.blessed
        return Diagnostic(
            isBlessed ? "nothing-blessed" : "baseline-of-another-suite",
            isBlessed ? "Nothing is blessed" : "Baseline of another suite",
            detail: isBlessed
                ? "No run is kept as the baseline of \(names)." : "`\(name)` has no result of \(names).",
            fix: isBlessed
                ? "Run the suites, and keep that run with `drover test bless`." : "Name a run of these suites.",
            cause: .usage)
    }

    fileprivate static func noPairs(_ baseline: Baseline, _ suite: TestSuite) -> Diagnostic {
        Diagnostic(
            "baseline-without-pairs", "Baseline without pairs",
            detail: "`\(baseline.title)` has none of the cases of `\(suite.name)` that are run.",
            fix: "Compare with a run that has cases of the same names, or bless a new one with `drover test bless`.",
            cause: .usage)
    }
}
