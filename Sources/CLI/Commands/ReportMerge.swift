import ArgumentParser
import Engine
import FoundationEssentials
import Language
import Reports
import Suites
import Wire

/// `drover report merge`.
struct ReportMergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Join the logs of all shards of a run, and judge the whole.",
        discussion: """
            Thresholds are judged here, for a shard sees only its own cases. Where the shards published to MLflow, each \
            suite as a whole becomes a run there, with the traces of all; joining the same shards again keeps it one. \
            Exit code as that of `drover test`: 4 when a suite failed, 5 when it could not be found out.

            EXAMPLES
              drover test --shard 1/2 --log shard-1.jsonl
              drover test --shard 2/2 --log shard-2.jsonl
              drover report merge shard-1.jsonl shard-2.jsonl --report junit=out.xml --out run.jsonl
            """)

    @Argument(help: "The logs of all shards, or the ids of their runs.")
    var logs: [String]

    @OptionGroup var reporting: ReportOptions

    @Option(help: "Where the log of the whole run is kept (default: nowhere).")
    var out: String?

    @Option(
        name: .customLong("spec"),
        help: "The spec that says how MLflow is reached; repeatable (default: the environment does).")
    var specs: [String] = []

    @OptionGroup var variation: VariationOptions

    @Option(name: .customLong("mlflow-url"), help: "The MLflow server (default: that of the shards).")
    var mlflowURL: String?

    @Flag(help: "Keep the run as a whole out of MLflow.")
    var noPublish = false

    func run() async throws {
        let requests = try reporting.requests()
        try requests.prepare(
            sparing: logs.compactMap { RunLogs.path(of: $0) } + [out].compactMap(\.self) + specs + variation.overlays
                + variation.variableFiles)
        if let out { try RunLogs.check(out) }
        let shards = try logs.map { try RecordedRun.read(try RunLogs.open($0)) }
        try requests.spare(shards.flatMap(\.record.sources))
        let merge = try ShardMerge(shards)
        let environment = ProcessInfo.processInfo.environment
        Notices.write(merge.warnings, SourceMap(), environment: environment)
        let recorded = try whole(of: merge)
        let shown = Result { try recorded.show(environment) }
        RunLogs.keep(RunTotals(recorded, isWhole: merge.warnings.isEmpty), isJoined: true)
        let written = Result { try requests.write(RunLogs.withEarlier(recorded)) }
        if !noPublish, let url = mlflowURL ?? merge.mlflow {
            Notices.write(await publish(recorded, to: url), SourceMap(), environment: environment)
        }
        try written.get()
        try shown.get()
        try ExitStatus.end(with: recorded.run)
    }

    /// Writes the log of the whole run. Where that cannot be done, none is left that would be in the way.
    private func whole(of merge: ShardMerge) throws -> RecordedRun {
        let log =
            try out.map { try SampleLog.create($0) }
            ?? SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        do {
            return try merge.write(to: log, as: RunLogs.id(of: merge.stack, at: Date()), version: Version.text)
        } catch {
            if let out { try? FileManager.default.removeItem(atPath: out) }
            throw error
        }
    }

    /// - Returns: What is not in MLflow, and why; the verdict stands all the same.
    private func publish(_ recorded: RecordedRun, to url: String) async -> [Diagnostic] {
        do {
            let stack =
                try specs.isEmpty ? Stack.bare(variation, lab: nil) : Stack.load(specs, variation, lab: nil)
            let location = ServerLocation(url: url, origin: mlflowURL == nil ? "the logs" : "--mlflow-url")
            let connector = Connector(
                ServerSettings(
                    spec: stack.servers, folder: stack.folder, environment: stack.environment,
                    given: ServerSettings.Addresses(mlflow: location)))
            return try await connector.withTransports { transports in
                let mlflow = try await connector.connectMLflow(transports.mlflow).server
                // The traces of the shards may be among what waits for it, and samples that these are added to.
                await TestRun.sendEarlier(to: mlflow, stack, in: nil)
                let now = Int(Date().timeIntervalSince1970 * 1000)
                return await MergedEvaluation(to: mlflow, recorded, now: now).publish()
            }
        } catch {
            let problems = (error as? CommandFailure)?.diagnostics ?? [Diagnostic.from(error, at: nil)]
            return problems.map(\.asWarning)
        }
    }
}

extension Diagnostic {
    fileprivate var asWarning: Diagnostic {
        Diagnostic(
            "not-published", "Results are not in MLflow", detail: detail,
            fix: "The verdict stands without it. Join the shards again once MLflow answers.", severity: .warning,
            cause: .unavailable)
    }
}
