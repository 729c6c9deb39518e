import ArgumentParser
import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Suites

/// The options that control how suites run.
struct SuiteOptions: ParsableArguments {
    @Option(name: .customLong("suite"), help: "Only this suite; repeatable.")
    var suites: [String] = []

    @Option(name: .customLong("case"), help: "Only this case, by name or id; repeatable.")
    var cases: [String] = []

    @Option(name: .customLong("label"), help: "Only cases with this label, as KEY=VALUE; repeatable.")
    var labels: [String] = []

    @Option(help: "How many conversations are held at a time, over all suites.")
    var concurrency = 8

    @Flag(help: "Begin nothing more once a case has failed.")
    var failFast = false

    @Option(
        help:
            "Only a part of the cases, as NUMBER/OF; auto/OF takes the number from JOB_COMPLETION_INDEX. See `report merge`."
    )
    var shard: String?

    @Option(help: "What the runs of all shards have in common in MLflow, as their tag drover.job.")
    var job: String?

    @Option(help: "Go on with a run, by its id or log: what it finished is kept.")
    var resume: String?

    @Option(help: "Only cases that failed or were inconclusive in a run, by its id or log.")
    var failedFrom: String?

    @Option(help: "Where the run's log is kept (default: .drover/runs/ID.jsonl, of which the last 20 stay).")
    var log: String?

    @OptionGroup var reporting: ReportOptions

    @Option(help: "Compare with an earlier run, case by case: blessed, the id of a run, or a log.")
    var baseline: String?

    @Flag(help: "Keep traces and results out of MLflow.")
    var noPublish = false

    func validate() throws {
        guard (1...1000).contains(concurrency) else {
            throw ValidationError("--concurrency takes a number from 1 to 1000.")
        }
    }

    func filter() throws -> SuiteFilter {
        var filter = SuiteFilter(suites: suites, cases: cases)
        for label in labels {
            let (key, value) = try SuiteFilter.label(label)
            filter.labels[key] = value
        }
        return filter
    }

    /// The paths of the logs that are read, and of the one that is kept where it is asked for.
    var logPaths: [String] {
        [resume, failedFrom].compactMap { $0.flatMap { RunLogs.path(of: $0) } } + [log].compactMap(\.self)
    }

    func shard(_ environment: [String: String]) throws -> Shard? {
        try shard.map { try Shard($0, jobIndex: environment["JOB_COMPLETION_INDEX"]) }
    }
}

/// `drover test`.
struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Try the declared cases on the real agents.",
        discussion: """
            Runs the last applied version of each agent, or with `--target served` the agent that is served at a URL: \
            by `mlflow models serve`, an AgentServer, or anything else with MLflow's /invocations. \
            DROVER_SERVED_TOKEN, or DROVER_SERVED_USERNAME and DROVER_SERVED_PASSWORD, are sent there. Exit code 4 \
            when a case fails, 5 when it could not be found out.

            EXAMPLES
              drover test specs/quickstart
              drover test specs/quickstart --case "refund window" --from-spec
              drover test specs/quickstart --report junit=results.xml --report markdown=comment.md
              drover test specs/quickstart --baseline blessed
              drover test specs/quickstart --target served --url http://localhost:5000
            """,
        subcommands: [TestBlessCommand.self])

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var suite: SuiteOptions
    @OptionGroup var target: TargetOptions

    @Flag(help: "Run the programs that `exec` expectations name, on this machine.")
    var allowExec = false

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced()
        let testRun = try stack.telling {
            try TestRun(stack, suite, target: target.testTarget(), allowsPrograms: allowExec)
        }
        let run = try await Session.open(
            stack, server, needs: testRun.needs, concurrency: suite.concurrency,
            withoutMLflow: testRun.onlyPublishesToMLflow ? .isTold : .fails
        ) { try await testRun.run(in: $0) }
        try testRun.end(with: run)
    }
}
