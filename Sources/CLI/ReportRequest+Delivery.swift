import FoundationEssentials
import Glibc
import Language
import Reports
import Suites

extension [ReportRequest] {
    /// Checks that all of them can be written, before anything is done, and keeps standard output free for one that goes
    /// there.
    /// - Parameter logs: The paths of logs, which no report may replace.
    func prepare(keeping logs: [String]) throws {
        let kept = Set(logs.map(Self.place))
        for request in self where request.path != "-" {
            guard !kept.contains(Self.place(request.path)) else { throw Diagnostic.overLog(request.path) }
            try ReportFile(request.path).check()
        }
        if contains(where: { $0.path == "-" }) { Console.keepOutputForReports() }
    }

    /// Where a file is or will be, whatever links lead there.
    private static func place(_ path: String) -> String {
        if let there = FileBytes.canonicalPath(path) { return there }
        let url = URL(filePath: path).standardizedFileURL
        let folder = url.deletingLastPathComponent().path
        return "\(FileBytes.canonicalPath(folder) ?? folder)/\(url.lastPathComponent)"
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
            return try writeToOutput { try report.write(recorded, to: &$0) }
        }
        try ReportFile(path).write { try report.write(recorded, to: &$0) }
    }

    /// Who reads standard output no further has what was wanted.
    private struct NoReader: Error {}

    private func writeToOutput(_ body: (inout ReportOutput) throws -> Void) throws {
        do {
            try ReportOutput.collect(
                { bytes in
                    guard let number = Console.write(bytes, to: STDOUT_FILENO) else { return }
                    throw number == EPIPE ? NoReader() : Diagnostic.outputNotWritten(because: number)
                }, body)
        } catch is NoReader {}
    }
}

extension Diagnostic {
    fileprivate static func outputNotWritten(because number: Int32) -> Diagnostic {
        Diagnostic(
            "report-not-written", "A report could not be written",
            detail: "Standard output cannot be written: \(SystemError.text(number)). What came there is not whole.",
            fix: "Make room where it goes, or write the report to a file elsewhere.", cause: .unavailable)
    }

    fileprivate static func overLog(_ path: String) -> Diagnostic {
        Diagnostic(
            "report-over-log", "A report in the place of a log",
            detail: "`\(path)` is the log of a run, and the report would replace it.",
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
