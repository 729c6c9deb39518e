import ArgumentParser
import FoundationEssentials
import Language
import Reports
import Suites

/// `drover report merge`.
struct ReportMergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Join the logs of all shards of a run, and judge the whole.",
        discussion: """
            Thresholds are judged here, for a shard sees only its own cases. Exit code as that of `drover test`: 4 \
            when a suite failed, 5 when it could not be found out.

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

    func run() throws {
        let requests = try reporting.requests()
        try requests.prepare()
        if let out { try RunLogs.check(out) }
        let merge = try ShardMerge(try logs.map { try RecordedRun.read(try RunLogs.open($0)) })
        let environment = ProcessInfo.processInfo.environment
        Notices.write(merge.warnings, SourceMap(), environment: environment)
        let log =
            try out.map { try SampleLog.create($0) }
            ?? SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let recorded = try merge.write(
            to: log, as: RunLogs.id(of: merge.stack, at: Date()), version: Version.text)
        try recorded.show(environment)
        try requests.write(recorded)
        try ExitStatus.end(with: recorded.run)
    }
}
