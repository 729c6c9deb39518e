import FoundationEssentials
import Language
import Runtime
import Testing

@testable import Reports
@testable import Suites

@Suite("What judges found good, in reports")
struct JudgedRatesReportTests {
    /// A run of twenty cases, of which a judge found so many good.
    private func recorded(good: Int, _ calibration: Calibration?) throws -> RecordedRun {
        var sources = SourceMap()
        let source = sources.add(Source(path: "s.yaml", bytes: Array("suites:\n".utf8)))
        let range = SourceRange.start(of: source)
        let judge = Judge(
            name: "grounded", model: "m", rubric: "Is it so?", range: range, calibration: calibration)
        let suite = TestSuite(
            name: "golden", agent: "a", range: range,
            cases: (0..<20).map {
                TestCase(id: CaseID(suite: "golden", name: "c\($0)"), name: "c\($0)", range: range, turns: [])
            }, judges: ["grounded": judge])
        let run = RunRecord(stack: "s", version: "1.0.0", startedAt: "2026-06-01T12:00:00Z", sources: sources)
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let recorder = try RunRecorder(run, [suite], in: sources, to: log)
        for number in 0..<20 {
            let passes = number < good
            let ballot = Ballot(
                judge: "grounded", model: "m", votes: [Ballot.Vote(passes: passes, reason: "So.")], minAgreement: nil)
            let outcome = AssertionOutcome(
                name: "judge", claim: "is good", range: range, result: passes ? .passed : .failed(Mismatch("No.")),
                ballots: [ballot])
            let turn = TurnResult(input: "q", answer: Answer(status: .completed), outcomes: [outcome])
            let sample = Sample(verdict: passes ? .passed : .failed, turns: [turn])
            try recorder.take(
                .sampleFinished(
                    FinishedSample(id: CaseID(suite: "golden", name: "c\(number)"), number: 1, sample: sample)))
        }
        _ = try recorder.end(after: .seconds(1))
        return try RecordedRun.read(log)
    }

    @Test("What a judge wrote in place of a verdict stands in a comment only when contents are asked for")
    func quoted() throws {
        var sources = SourceMap()
        let source = sources.add(Source(path: "s.yaml", bytes: Array("suites:\n".utf8)))
        let range = SourceRange.start(of: source)
        let id = CaseID(suite: "golden", name: "one")
        let suite = TestSuite(
            name: "golden", agent: "a", range: range, cases: [TestCase(id: id, name: "one", range: range, turns: [])])
        let run = RunRecord(stack: "s", version: "1.0.0", startedAt: "2026-06-01T12:00:00Z", sources: sources)
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let recorder = try RunRecorder(run, [suite], in: sources, to: log)
        let reason = "The judge `grounded` could not be heard: \(QuotedReply.words("Your `PIN` is 4711."))."
        let outcome = AssertionOutcome(name: "judge", claim: "is good", range: range, result: .error(reason))
        let turn = TurnResult(input: "q", answer: Answer(status: .completed), outcomes: [outcome])
        try recorder.take(
            .sampleFinished(FinishedSample(id: id, number: 1, sample: Sample(verdict: .error, turns: [turn]))))
        _ = try recorder.end(after: .seconds(1))
        let recorded = try RecordedRun.read(log)
        let text = try MarkdownReport().text(of: recorded)
        #expect(text.contains("could not be heard: it wrote something else.") && !text.contains("4711"), "\(text)")
        #expect(try MarkdownReport().withContents.text(of: recorded).contains("it wrote `Your 'PIN' is 4711.`"))
    }

    /// Of a judge that finds 45 of 50 good answers good, and 40 of 50 bad ones bad.
    private var calibration: Calibration {
        get throws {
            let range = SourceRange.start(of: SourceID(index: 0))
            let judge = Judge(name: "grounded", model: "m", rubric: "Is it so?", range: range)
            let rows = (0..<100).map { "a\($0),\($0 < 50 ? "pass" : "fail")\n" }
            let labels = try Labels("answer,label\n" + rows.joined(), of: Located("labels.csv", at: range))
            let decisions: [Bool?] = (0..<100).map { $0 < 50 ? $0 < 45 : $0 >= 90 }
            return Calibration(judge, by: labels, decisions, at: "2026-06-01T12:00:00Z")
        }
    }

    @Test("A rate stands corrected, with its wider interval, on the page, in Markdown, in JSON and on the terminal")
    func corrected() throws {
        let recorded = try recorded(good: 15, calibration)
        let rate = try #require(recorded.run.suites.first?.judges.first)
        let corrected = try #require(rate.corrected)
        #expect(corrected.interval.width > rate.observed.interval.width)
        #expect(rate.text.hasPrefix("grounded: 15 of 20 answers are good (0.75, 0.531 to 0.888), corrected (0.786, "))
        let terminal = try TerminalReport(colors: false).text(of: recorded)
        #expect(terminal.contains("judge \(rate.text)"))
        let markdown = try MarkdownReport().text(of: recorded)
        #expect(markdown.contains("#### What judges found good\n\n- `golden`: \(rate.text)\n"))
        let data = try #require(Self.summary(of: try HTMLReport().text(of: recorded)))
        let shown = try #require(data["suites"]?.array?.first?["judges"]?.array?.first)
        #expect(shown["text"]?.string == rate.text)
        #expect(shown["rate"]?.array?.prefix(2) == [.number(corrected.value), .number(corrected.interval.low)])
        let json = try #require(try Value(json: try JSONReport().text(of: recorded).utf8)["suites"]?.array?.first)
        #expect(json["judges"]?.array?.first?["corrected"]?["value"] == .number(corrected.value))
    }

    @Test("Without a calibration it stands as the judge sees it, and without judges nothing does")
    func plain() throws {
        let markdown = try MarkdownReport().text(of: try recorded(good: 18, nil))
        #expect(markdown.contains("grounded: 18 of 20 answers are good (0.9, 0.699 to 0.972)\n"))
        #expect(try !MarkdownReport().text(of: SampleRun().recorded).contains("judges"))
    }

    private static func summary(of page: String) -> Value? {
        let line = page.split(separator: "\n").first { $0.hasPrefix(#"{"counts":"#) }
        return line.flatMap { try? Value(json: $0.replacing("</script>", with: "").utf8) }
    }
}

extension Interval {
    fileprivate var width: Double { high - low }
}
