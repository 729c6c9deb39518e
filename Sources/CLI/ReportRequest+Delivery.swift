import FoundationEssentials
import Glibc
import Language
import Reports
import Suites

extension [ReportRequest] {
    /// Checks that all of them can be written, before anything is done, and keeps standard output free for one that goes
    /// there.
    func prepare() throws {
        for request in self where request.path != "-" { try ReportFile(request.path).check() }
        if contains(where: { $0.path == "-" }) { Console.keepOutputForReports() }
    }

    /// Writes all reports of a run; one that cannot be written keeps none of the others back.
    /// - Throws: `Diagnostics` with all that could not be written.
    func write(_ recorded: RecordedRun) throws {
        var problems: [Diagnostic] = []
        for request in self {
            do {
                try request.write(recorded)
            } catch let problem as Diagnostic {
                problems.append(problem)
            }
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
    }
}

extension ReportRequest {
    fileprivate func write(_ recorded: RecordedRun) throws {
        guard path != "-" else {
            return try ReportOutput.collect({ Console.write($0, to: STDOUT_FILENO) }) { output in
                try report.write(recorded, to: &output)
            }
        }
        try ReportFile(path).write { try report.write(recorded, to: &$0) }
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
