import Language
import Runtime
package import Suites

/// The report for programs that read the Test Anything Protocol, version 14: a test point for each suite, whose cases
/// and declared thresholds are its subtest.
///
///     TAP version 14
///     # Subtest: golden
///         # agent: support
///         1..2
///         ok 1 - golden/refund-window
///           ---
///           duration_ms: 1204
///           ...
///         not ok 2 - golden/ticket
///           ---
///           duration_ms: 3400
///           verdict: "failed"
///           problems:
///             - code: "assertion-failed"
///               message: "`golden/ticket`: The answer does not contain `30 days`."
///               at: "helpdesk.yaml:14:9"
///               expected: "30 days"
///               actual: "Sorry."
///           ...
///     not ok 1 - golden
///     1..1
///
/// A case in quarantine that did not pass is `TODO`, and so is one that the thresholds of its suite allow to fail: a reader
/// of TAP comes to the verdict that drover comes to. A case that did not run is `not ok`, for nobody knows whether it
/// would pass. Text is written as JSON, which is YAML too.
package struct TAPReport: Report {
    package static let format = "tap"

    package init() {}

    package func write(_ recorded: RecordedRun, to output: inout ReportOutput) throws {
        let run = recorded.run
        try output.write("TAP version 14\n# drover \(run.version), stack \(comment(run.stack)), \(run.startedAt)\n")
        if let target = run.target { try output.write("# target: \(comment(target))\n") }
        for index in run.suites.indices {
            let suite = run.suites[index]
            try output.write("# Subtest: \(comment(suite.suite))\n    # agent: \(comment(suite.agent))\n")
            try write(suite: index, of: recorded, to: &output)
            try output.write("\(sign(suite.verdict)) \(index + 1) - \(name(suite.suite))\n")
            guard suite.verdict != .passed else { continue }
            try output.write("  ---\n  verdict: \(quoted(suite.verdict.rawValue))\n  ...\n")
        }
        let reason = run.suites.isEmpty ? " # SKIP no suites" : ""
        try output.write("1..\(run.suites.count)\(reason)\n")
    }

    private func write(suite index: Int, of recorded: RecordedRun, to output: inout ReportOutput) throws {
        let suite = recorded.run.suites[index]
        let positions = recorded.positions(ofSuite: index)
        let thresholds = suite.thresholds.filter { $0.range != nil }
        try output.write("    1..\(positions.count + thresholds.count)\n")
        for (number, position) in positions.enumerated() {
            let result = try recorded.result(of: position)
            let isAllowed = result.verdict != .passed && suite.verdict == .passed
            let directive = result.directive ?? (isAllowed ? " # TODO the thresholds of the suite allow it" : "")
            try output.write("    \(sign(result.verdict)) \(number + 1) - \(name(result.id.description))\(directive)\n")
            try write(diagnostics(of: result, in: recorded.sources), to: &output)
        }
        for (number, threshold) in thresholds.enumerated() {
            let place = positions.count + number + 1
            try output.write("    \(sign(threshold.verdict)) \(place) - threshold \(name(threshold.name))\n")
            try write(
                [
                    "verdict: \(quoted(threshold.verdict.rawValue))", "expected: \(quoted(threshold.wanted))",
                    "actual: \(quoted(threshold.actual))",
                ], to: &output)
        }
    }

    private func write(_ lines: [String], to output: inout ReportOutput) throws {
        try output.write((["---"] + lines + ["..."]).map { "      \($0)\n" }.joined())
    }

    private func diagnostics(of result: CaseResult, in sources: SourceMap) -> [String] {
        var lines = result.latency.map { ["duration_ms: \($0.milliseconds)"] } ?? []
        if result.repetition.wanted > 1 {
            let passed = result.samples.count { $0.verdict == .passed }
            // A sequential test takes as many as it needs.
            let wanted = result.repetition.test == nil ? result.repetition.wanted : result.samples.count
            lines += ["samples: \(wanted)", "passed: \(passed)"]
        }
        lines.append("verdict: \(quoted(result.verdict.rawValue))")
        let problems = result.diagnostics
        guard !problems.isEmpty else { return lines }
        let compared = result.compared
        return lines + ["problems:"]
            + problems.flatMap { problem in
                var fields = ["- code: \(quoted(problem.code.name))", "  message: \(quoted(problem.detail))"]
                if let range = problem.subject {
                    let start = "\(sources[range.source].path):\(range.start.line):\(range.start.column)"
                    fields.append("  at: \(quoted(start))")
                    if problem.code.name == "assertion-failed", let mismatch = compared[range] {
                        fields += mismatch.expected.map { ["  expected: \(quoted($0))"] } ?? []
                        fields += mismatch.actual.map { ["  actual: \(quoted($0))"] } ?? []
                    }
                }
                if let fix = problem.fix { fields.append("  fix: \(quoted(fix))") }
                return fields.map { "  \($0)" }
            }
    }

    private func sign(_ verdict: Verdict) -> String {
        switch verdict {
        case .passed: "ok"
        case .failed, .inconclusive: "not ok"
        }
    }

    /// A description: `#` would begin a directive.
    private func name(_ text: String) -> String {
        Printable.text(text).replacing("\\", with: "\\\\").replacing("#", with: "\\#")
    }

    private func comment(_ text: String) -> String {
        Printable.text(text)
    }

    /// JSON text, in which nothing controls a terminal.
    private func quoted(_ text: String) -> String {
        Value.string(text).canonicalJSON.unicodeScalars.map { scalar in
            guard Printable.isControl(scalar) else { return String(scalar) }
            let hex = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
        }.joined()
    }
}

extension CaseResult {
    fileprivate var directive: String? {
        guard let quarantine, verdict != .passed else { return nil }
        let reason = Printable.text(quarantine.reason)
        return " # TODO in quarantine until \(quarantine.until): \(reason)"
    }

    /// The first mismatch at each place.
    fileprivate var compared: [SourceRange: Mismatch] {
        var all: [SourceRange: Mismatch] = [:]
        for (miss, _) in missed {
            if case .failed(let mismatch) = miss.outcome.result, all[miss.outcome.range] == nil {
                all[miss.outcome.range] = mismatch
            }
        }
        return all
    }
}
