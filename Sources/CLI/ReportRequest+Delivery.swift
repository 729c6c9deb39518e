import FoundationEssentials
import Glibc
import Language
import Reports
import Suites

extension [ReportRequest] {
    /// Checks that all of them can be written, before anything is done, and keeps standard output free for one that goes
    /// there.
    /// - Parameter inputs: The paths of files that no report may replace: what the command reads, and the log that it keeps.
    /// - Throws: `Diagnostic` when one would replace such a file, or cannot be written.
    func prepare(sparing inputs: [String]) throws {
        try spare(inputs)
        for request in self where request.path != "-" { try ReportFile(request.path).check() }
        if contains(where: { $0.path == "-" }) { Console.keepOutputForReports() }
    }

    /// - Parameter files: The paths of files that no report may replace.
    /// - Throws: `Diagnostic` when one would.
    func spare(_ files: [String]) throws {
        for request in self where request.path != "-" {
            guard !files.contains(where: ReportFile(request.path).isFile) else {
                throw Diagnostic.reportOverInput(request.path)
            }
        }
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

extension Diagnostic {
    fileprivate static func reportOverInput(_ path: String) -> Diagnostic {
        Diagnostic(
            "report-over-input", "A report in the place of something else",
            detail: "`\(path)` is read here, or holds the spec or the log of the run, and the report would replace it.",
            fix: "Name another file for the report.", cause: .usage)
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
