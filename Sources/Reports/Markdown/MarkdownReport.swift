import Language
import Runtime
package import Suites

/// The report for a pull request: the verdict first, then what is wrong with each case, at its YAML. Equal logs give
/// equal text, of at most 60,000 characters.
///
///     ### ❌ Suites of `helpdesk`: failed
///
///     **1 passed, 1 failed, 0 inconclusive** in 4.6 s
///
///     | | Suite | Agent | Passed | Failed | Inconclusive | In quarantine |
///     |---|---|---|--:|--:|--:|--:|
///     | ❌ failed | `golden` | `support` | 1 | 1 | | |
///
///     #### Failed
///
///     - `golden/ticket`
///       - `specs/helpdesk.yaml:14`: it is not so that the answer `contains 30 days`
///
/// Sections that would be empty are left out. What agents said stands in it only when contents are asked for: comments
/// on pull requests are read by more people than tests are.
package struct MarkdownReport: Report {
    package static let format = "markdown"
    private var showsContents = false

    package init() {}

    package var withContents: any Report {
        var report = self
        report.showsContents = true
        return report
    }

    package func write(_ recorded: RecordedRun, to output: inout ReportOutput) throws {
        let head = head(of: recorded.run)
        try output.write(head)
        var sections = MarkdownSections(budget: Markdown.longest - head.unicodeScalars.count)
        sections.add(table(of: recorded.run), to: .suites)
        for index in recorded.run.suites.indices {
            let suite = recorded.run.suites[index]
            sections.add(suite.missedThresholds(recorded.sources), to: .thresholds)
            sections.add(suite.comparisonLines(recorded.run), to: .baseline)
            sections.add(suite.judgeLines, to: .judges)
            for position in recorded.positions(ofSuite: index) {
                add(suite.comparison?.cases[position.testCase], of: position, in: recorded, to: &sections)
                guard let section = MarkdownSections.Section(recorded.tally(of: position)) else { continue }
                guard !sections.isFull(section) else {
                    sections.leaveOut(1, of: section)
                    continue
                }
                let result = try recorded.result(of: position)
                let findings = MarkdownCase(result, in: recorded.sources, showsContents: showsContents)
                sections.add(findings.text, orElse: findings.withoutContents, to: section)
            }
        }
        try output.write(sections.text)
    }

    /// A case that is worse or better than in the baseline.
    private func add(
        _ comparison: CaseComparison?, of position: RecordedRun.Position, in recorded: RecordedRun,
        to sections: inout MarkdownSections
    ) {
        guard let comparison, comparison.decides else { return }
        let isWorse = comparison.change == .worse || (comparison.change == .same && comparison.rateChange ?? 0 < 0)
        let isBetter = comparison.change == .better || (comparison.change == .same && comparison.rateChange ?? 0 > 0)
        guard isWorse || isBetter else { return }
        let section = isWorse ? MarkdownSections.Section.worse : .better
        guard !sections.isFull(section) else { return sections.leaveOut(1, of: section) }
        let name = Markdown.code(recorded.id(of: position).description)
        let verdicts = comparison.before.map { "\($0.verdict.rawValue) → \(comparison.now.verdict.rawValue)" }
        let what = comparison.change == .same ? nil : verdicts
        let words = [name, what, comparison.trend].compactMap(\.self)
        sections.add(["- \(words.joined(separator: ", "))\n"], to: section)
    }

    private func head(of run: Run) -> String {
        let target = run.target.map { "\n\nServed at \(Markdown.code($0))." } ?? ""
        return "### \(run.verdict.sign) Suites of \(Markdown.code(run.stack)): \(run.verdict.rawValue)\n\n"
            + "**\(run.counts.text)** in \(run.duration.spelled)\(target)\n"
    }

    private func table(of run: Run) -> [String] {
        run.suites.map { suite in
            let counts = Counts(suite.cases)
            let numbers = [counts.passed, counts.failed, counts.inconclusive, counts.quarantined]
            let cells = numbers.map { $0 == 0 ? "" : "\($0)" }.joined(separator: " | ")
            return "| \(suite.verdict.sign) \(suite.verdict.rawValue) | \(Markdown.codeCell(suite.suite)) "
                + "| \(Markdown.codeCell(suite.agent)) | \(cells) |\n"
        }
    }
}

/// One case in a list: its name, how often it passed, and what was missed.
private struct MarkdownCase {
    private static let longestWords = 400
    private static let mostMisses = 8
    private let result: CaseResult
    private let sources: SourceMap
    private let showsContents: Bool

    init(_ result: CaseResult, in sources: SourceMap, showsContents: Bool) {
        self.result = result
        self.sources = sources
        self.showsContents = showsContents
    }

    /// The same without what the agent said; nil where that is not shown.
    var withoutContents: String? {
        showsContents ? MarkdownCase(result, in: sources, showsContents: false).text : nil
    }

    var text: String {
        let missed = result.missed.prefix(Self.mostMisses).map(line)
        let rest = result.missed.count - missed.count
        return "- " + ([Markdown.code(result.id.description)] + remarks).joined(separator: ", ") + "\n"
            + (missed + problems).joined() + (rest > 0 ? "  - and \(rest) more\n" : "")
    }

    private var remarks: [String] {
        let passed = result.samples.count { $0.verdict == .passed }
        // A test that decides early takes fewer.
        let wanted = result.repetition.test == nil ? result.repetition.wanted : result.samples.count
        return [
            wanted > 1 ? "\(passed) of \(wanted) samples passed" : nil,
            result.repetition.wanted == 0 ? "by earlier samples" : nil,
            result.quarantine.map { "until \($0.until): \(Markdown.code($0.reason))" },
        ].compactMap { $0 }
    }

    private func line(_ miss: Miss, _ count: Int) -> String {
        let turn = result.turns > 1 ? ", turn \(miss.turn)" : ""
        let share = result.samples.count > 1 ? " (\(count) of \(result.samples.count) samples)" : ""
        let claim = words(miss.outcome.claim)
        let start = "  - \(place(miss.outcome.range))\(turn): "
        switch miss.outcome.result {
        case .passed: return ""
        case .failed(let mismatch):
            let contents = showsContents ? contents(of: mismatch) : ""
            return start + "it is not so that the answer \(claim)\(share)\n" + contents
        case .error(let reason):
            let why = showsContents ? reason : QuotedReply.leftOut(of: reason)
            return start + "nobody knows whether the answer \(claim)\(share): \(words(why))\n"
        }
    }

    private func contents(of mismatch: Mismatch) -> String {
        let lines = ([mismatch.reason] + mismatch.notes.map(\.text) + mismatch.comparison)
            .flatMap(Printable.lines)
        return "\n" + Markdown.block(lines, indentation: "    ") + "\n"
    }

    private var problems: [String] {
        let all = result.samples.compactMap(\.problem) + [result.notRun].compactMap { $0 }
        var seen: Set<String> = []
        return all.filter { seen.insert($0.detail).inserted }.prefix(Self.mostMisses).map { problem in
            "  - \(problem.subject.map { "\(place($0)): " } ?? "")\(words(problem.detail))\n"
        }
    }

    private func place(_ range: SourceRange) -> String {
        Markdown.code("\(sources[range.source].path):\(range.start.line)")
    }

    /// In a code span, so that nobody is mentioned and nothing linked by what they say.
    private func words(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return Markdown.code(line.excerpt(Self.longestWords))
    }
}

extension SuiteResult {
    /// How many answers each judge found good.
    fileprivate var judgeLines: [String] {
        judges.map { "- \(Markdown.code(suite)): \(Markdown.prose($0.text))\n" }
    }

    /// What changed as a whole, and what the tests say about that.
    fileprivate func comparisonLines(_ run: Run) -> [String] {
        guard let comparison else { return [] }
        let head = "- \(Markdown.code(suite)) beside \(Markdown.code(comparison.baseline.title)): \(comparison.text)\n"
        let tests = run.pairedTests.filter { $0.suite == suite }.map { "  - \(Markdown.prose($0.text))\n" }
        return [head + tests.joined()]
    }

    fileprivate func missedThresholds(_ sources: SourceMap) -> [String] {
        thresholds.filter { $0.verdict != .passed && $0.range != nil }.map { outcome in
            let place = outcome.range.map { Markdown.code("\(sources[$0.source].path):\($0.start.line)") } ?? ""
            return "- \(place), \(Markdown.code(suite)): \(Markdown.code(outcome.name)) is to be "
                + "\(Markdown.prose(outcome.wanted)); it was: \(Markdown.prose(outcome.actual))\n"
        }
    }
}

extension Verdict {
    /// As it is seen at a glance where no colours can be set.
    var sign: String {
        switch self {
        case .passed: "✅"
        case .failed: "❌"
        case .inconclusive: "❔"
        }
    }
}
