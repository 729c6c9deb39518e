import Language
import Runtime
package import Suites

/// The report for people: a line for each case, the problems at their YAML, and a summary line.
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
///     Flaky: golden/tone (2 of 3 samples passed).
///     Slowest: golden/ticket 3.4 s, golden/refund-window 1.2 s, golden/tone 0.9 s.
///     1 passed, 1 failed, 0 inconclusive in 4.6 s
///
/// A name that would push the other columns off the screen is cut in the table, and stands whole below it.
package struct TerminalReport: Report {
    package static let format = "terminal"
    private let colors: Bool
    /// The columns of a name.
    private static let widestName = 48

    package init() {
        self.init(colors: false)
    }

    /// - Parameter colors: Whether the text is for a terminal that understands them.
    package init(colors: Bool) {
        self.colors = colors
    }

    package func write(_ recorded: RecordedRun, to output: inout ReportOutput) throws {
        for index in recorded.run.suites.indices {
            try write(suite: index, of: recorded, to: &output)
            try output.write("\n")
        }
        var findings = OrderedFindings(of: recorded)
        try findings.forEach(colors: colors) { text in
            try output.write(text + "\n")
        }
        for line in RunHighlights(of: recorded).lines { try output.write("\(Printable.text(line))\n") }
        try output.write(summary(of: recorded.run))
    }

    private func write(suite index: Int, of recorded: RecordedRun, to output: inout ReportOutput) throws {
        let suite = recorded.run.suites[index]
        let positions = recorded.positions(ofSuite: index)
        let target = recorded.run.target.map { ", served at \(Printable.text($0))" } ?? ""
        try output.write("\(paint(Printable.text(suite.suite), "1")) · agent \(Printable.text(suite.agent))\(target)\n")
        var widths = [0, 0, 0]
        for position in positions {
            widths = zip(widths, try cells(of: position, in: recorded)).map { max($0, Printable.width(of: $1)) }
        }
        for position in positions {
            let cells = try cells(of: position, in: recorded)
            let line = zip(cells, widths + [0]).map { Printable.padded($0, to: $1) }.joined(separator: "   ")
            let glyph = glyph(recorded.tally(of: position))
            try output.write("  \(glyph) " + line.withoutTrailingSpaces + "\n")
        }
        try writeClipped(positions, of: recorded, to: &output)
        for line in suite.statisticsLines(recorded.run) { try output.write("  · \(Printable.text(line))\n") }
        for rate in suite.judges { try output.write("  · judge \(Printable.text(rate.text))\n") }
    }

    /// The names that are cut in the table.
    private func writeClipped(
        _ positions: [RecordedRun.Position], of recorded: RecordedRun, to output: inout ReportOutput
    ) throws {
        var isFirst = true
        for position in positions {
            let name = name(of: position, in: recorded)
            guard Printable.width(of: name) > Self.widestName else { continue }
            if isFirst { try output.write("\n  In full:\n") }
            isFirst = false
            try output.write("  \(glyph(recorded.tally(of: position))) \(name)\n")
        }
    }

    private func name(of position: RecordedRun.Position, in recorded: RecordedRun) -> String {
        Printable.text(recorded.id(of: position).description)
    }

    /// Name, time, tokens, remarks.
    private func cells(of position: RecordedRun.Position, in recorded: RecordedRun) throws -> [String] {
        let tally = recorded.tally(of: position)
        let quarantine = tally.decides ? nil : try recorded.declaration(of: position).quarantine
        let tokens = tally.usage.map { "\($0.total) tokens" } ?? ""
        let comparison = recorded.run.suites[position.suite].comparison?.cases[position.testCase]
        let remarks = remarks(on: tally, quarantine, comparison).joined(separator: ", ")
        let name = Printable.clipped(name(of: position, in: recorded), to: Self.widestName)
        return [name, tally.latency?.spelled ?? "", tokens, remarks]
    }

    private func remarks(
        on tally: CaseTally, _ quarantine: Quarantine?, _ comparison: CaseComparison?
    ) -> [String] {
        [
            tally.repetition.wanted > 1 ? "\(tally.passed) of \(taken(of: tally)) samples passed" : nil,
            tally.attempts > 1 ? "\(tally.attempts) attempts" : nil,
            quarantine.map { "in quarantine until \($0.until)" },
            tally.samples == 0 ? (tally.repetition.wanted == 0 ? "by earlier samples" : "not run") : nil,
            comparison?.remark,
        ].compactMap { $0 }
    }

    /// Those that were wanted; a sequential test says itself when it has enough.
    private func taken(of tally: CaseTally) -> Int {
        tally.repetition.test == nil ? tally.repetition.wanted : tally.samples
    }

    private func glyph(_ tally: CaseTally) -> String {
        switch tally.verdict {
        case .passed: paint("✓", "32")
        case .failed: paint("✗", tally.decides ? "31" : "33")
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

extension String {
    fileprivate var withoutTrailingSpaces: Substring {
        let end = utf8.lastIndex { $0 != UInt8(ascii: " ") }.map(utf8.index(after:))
        return self[..<(end ?? startIndex)]
    }
}
