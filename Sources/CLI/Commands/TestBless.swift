import ArgumentParser
import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Suites
import Wire

/// `drover test bless`.
struct TestBlessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bless",
        _superCommandName: "drover test",
        abstract: "Keep a run of suites as what later runs are compared with.",
        discussion: """
            A tag of the suite's experiment in MLflow names the run. `drover test --baseline blessed` and the \
            threshold `noWorseThan` compare with it.

            EXAMPLES
              drover test bless specs/quickstart                   the latest run of each suite
              drover test bless specs/quickstart --suite golden
              drover test bless specs/quickstart --run 3f2a9c0d
              drover test bless specs/quickstart --run quickstart-20260601-120000-3f2a
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Option(name: .customLong("suite"), help: "Only this suite; repeatable.")
    var suites: [String] = []

    @Option(
        name: .customLong("run"),
        help:
            "A run: its id in MLflow or how that begins, its id as `drover test` tells it, or its log; the other suites of the same `drover test` go with it."
    )
    var blessed: String?

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced()
        let (declared, filter) = (try stack.suites(), SuiteFilter(suites: suites))
        let chosen = try stack.telling { try filter.applied(to: declared) }
        var needs = Kinds.standard.needs(of: stack.workflow)
        needs.llamaStack = false
        let id = try stack.telling { try blessed.map(Self.id) }
        let blessings = try await Session.open(stack, server, needs: needs) { session in
            try await Blesser(session: session, stack: stack.workflow.stack.name, all: declared).bless(chosen, run: id)
        }
        for blessing in blessings {
            Console.out(
                "Blessed the run \(blessing.run) of \(blessing.suite): \(blessing.verdict), \(blessing.cases.counting("case"))."
            )
        }
    }
}

extension TestBlessCommand {
    /// The id of the run that a log is of; what names no log is one.
    fileprivate static func id(of name: String) throws -> String {
        guard let path = RunLogs.path(of: name) else { return name }
        return try RecordedRun.read(try SampleLog.read(path)).run.id ?? name
    }
}

/// Keeps runs as baselines.
private struct Blesser: Sendable {
    let session: Session
    let stack: String
    /// All suites of the stack.
    let all: [TestSuite]

    /// - Throws: `Diagnostic` when none of the suites has such a run.
    func bless(_ suites: [TestSuite], run id: String?) async throws -> [BaselineStore.Blessing] {
        guard let mlflow = session.servers.mlflow else { throw Diagnostic.noMLflow }
        let places = try await RunnableAgents.places(of: all, in: session)
        let (store, uses) = (BaselineStore(mlflow), places.values.map(\.experimentID))
        var blessings: [BaselineStore.Blessing] = []
        for suite in suites {
            guard let experiment = places[suite.name]?.experimentID else { continue }
            let candidate = BaselineStore.Candidate(suite: suite.name, stack: stack, experiment: experiment)
            let isAlone = uses.count { $0 == experiment } == 1
            if let blessing = try await store.bless(candidate, run: id, isAlone: isAlone) { blessings.append(blessing) }
        }
        guard !blessings.isEmpty else { throw Diagnostic.nothingToBless(suites.map(\.name), run: id) }
        return blessings
    }
}

extension Diagnostic {
    fileprivate static var noMLflow: Diagnostic {
        Diagnostic(
            "no-mlflow", "No MLflow", detail: "Baselines are runs in MLflow, and the stack has no MLflow server.",
            fix: "Declare one under `servers`, or compare with the path of a log.", cause: .usage)
    }

    fileprivate static func nothingToBless(_ suites: [String], run: String?) -> Diagnostic {
        Diagnostic(
            "nothing-to-bless", "No run to bless",
            detail: run.map { "There is no run `\($0)` with a result of \(suites.listed)." }
                ?? "MLflow has no finished run of \(suites.listed).",
            fix: "Run the suites first with `drover test`, and let the results go to MLflow.", cause: .usage)
    }
}
