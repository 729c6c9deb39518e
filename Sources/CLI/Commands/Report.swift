import ArgumentParser
import FoundationEssentials
import Language
import Reports
import Suites

/// `drover report`.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make reports from the logs of test runs.",
        discussion: """
            Each test run keeps a log, whose id it tells at its end: `.drover/runs/ID.jsonl`.

            EXAMPLES
              drover report html helpdesk-20260601-120000-3f2a --out report.html
              drover report junit run.jsonl
              drover report merge shard-1.jsonl shard-2.jsonl --report junit=out.xml
            """,
        subcommands: [ReportMakeCommand.self, ReportMergeCommand.self], defaultSubcommand: ReportMakeCommand.self)
}

/// `drover report make`, which `drover report FORMAT LOG` means.
struct ReportMakeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make",
        abstract: "Make a report of a run from its log.",
        discussion: """
            EXAMPLES
              drover report html helpdesk-20260601-120000-3f2a --out report.html
              drover report junit run.jsonl
            """)

    @Argument(help: "The format: html, json, junit, markdown, tap or terminal.")
    var format: String

    @Argument(help: "The run: its id, or the path of its log.")
    var log: String

    @Option(help: "Where it is written (default: standard output).")
    var out = "-"

    @Flag(help: "Show in reports for pull requests (markdown), too, what agents said.")
    var contents = false

    func run() throws {
        let request = try ReportRequest("\(format)=\(out)", contents: contents)
        try [request].prepare(sparing: [RunLogs.path(of: log)].compactMap(\.self))
        let recorded = try RecordedRun.read(try RunLogs.open(log))
        try [request].spare(recorded.record.sources)
        Notices.write(
            [recorded.warning].compactMap(\.self), SourceMap(), environment: ProcessInfo.processInfo.environment)
        try [request].write(RunLogs.withEarlier(recorded))
    }
}
