import Language
import Runtime
import Suites

/// The report for people: a line for each case, what went wrong at its YAML, and one line that sums up.
///
///     golden · agent support
///       ✓ golden/refund-window   1.2 s   312 tokens
///       ✗ golden/ticket          3.4 s   1204 tokens
///
///     error[assertion-failed]: Assertion failed
///       --> helpdesk.yaml:14:9
///        |
///     14 |       - contains: 30 days
///        |         ^^^^^^^^^^^^^^^^^ `golden/ticket`: The answer does not contain `30 days`.
///        = note: expected: 30 days
///        = note: actual: Sorry.
///
///     1 passed, 1 failed, 0 inconclusive in 4.6 s
package struct TerminalReport: Report {
    package static let format = "terminal"
    private let colors: Bool

    package init() {
        self.init(colors: false)
    }

    /// - Parameter colors: Whether the text is for a terminal that understands them.
    package init(colors: Bool) {
        self.colors = colors
    }

    package func render(_ run: Run) -> String {
        let diagnostics = run.diagnostics
        let renderer = DiagnosticRenderer(sources: run.sources, colors: colors)
        let failures = diagnostics.isEmpty ? [] : [renderer.render(diagnostics)]
        return (run.suites.map(table) + failures + [summary(of: run)]).joined(separator: "\n")
    }

    private func table(of suite: SuiteResult) -> String {
        let rows = suite.cases.map(cells)
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = zip(suite.cases, rows).map { result, cells in
            let padded = zip(cells, widths + [0]).map { cell, width in
                cell + String(repeating: " ", count: max(0, width - cell.count))
            }
            let line = padded.joined(separator: "   ")
            return "  \(glyph(result)) " + String(line.reversed().drop { $0 == " " }.reversed())
        }
        return (["\(paint(suite.suite, "1")) · agent \(suite.agent)"] + lines).joined(separator: "\n") + "\n"
    }

    /// Name, time, tokens, remarks.
    private func cells(of result: CaseResult) -> [String] {
        let tokens = result.usage.map { "\($0.total) tokens" } ?? ""
        let remarks = remarks(on: result).joined(separator: ", ")
        return [result.id.description, result.latency?.spelled ?? "", tokens, remarks]
    }

    private func remarks(on result: CaseResult) -> [String] {
        let passed = result.samples.count { $0.verdict == .passed }
        let attempts = result.samples.map(\.attempts).max() ?? 1
        return [
            result.repetition.samples > 1 ? "\(passed) of \(result.repetition.samples) samples passed" : nil,
            attempts > 1 ? "\(attempts) attempts" : nil,
            result.quarantine.map { "in quarantine until \($0.until)" },
            result.samples.isEmpty ? "not run" : nil,
        ].compactMap { $0 }
    }

    private func glyph(_ result: CaseResult) -> String {
        switch result.verdict {
        case .passed: paint("✓", "32")
        case .failed: paint("✗", result.decides ? "31" : "33")
        case .inconclusive: paint("?", "33")
        }
    }

    private func summary(of run: Run) -> String {
        let color =
            switch run.verdict {
            case .passed: "32"
            case .failed: "31"
            case .inconclusive: "33"
            }
        return paint("\(run.counts.text) in \(run.duration.spelled)", color) + "\n"
    }

    private func paint(_ text: String, _ code: String) -> String {
        colors ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
