import FoundationEssentials
import Glibc
import Reports
import Suites

extension [ReportRequest] {
    /// Checks that all of them can be written, before anything is done, and keeps standard output free for one that goes
    /// there.
    func prepare() throws {
        for request in self where request.path != "-" { try ReportFile(request.path).check() }
        if contains(where: { $0.path == "-" }) { Console.keepOutputForReports() }
    }

    /// Writes all reports of a run.
    func write(_ recorded: RecordedRun) throws {
        for request in self {
            guard request.path != "-" else {
                try ReportOutput.collect({ Console.write($0, to: STDOUT_FILENO) }) { output in
                    try request.report.write(recorded, to: &output)
                }
                continue
            }
            try ReportFile(request.path).write { try request.report.write(recorded, to: &$0) }
        }
    }
}

extension RecordedRun {
    /// Shows it to the user: the report for people.
    func show(_ environment: [String: String]) throws {
        try ReportOutput.collect({ Console.write($0, to: Console.output) }) { output in
            try TerminalReport(colors: Console.colors(environment)).write(self, to: &output)
        }
    }
}
