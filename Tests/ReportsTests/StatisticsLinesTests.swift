import FoundationEssentials
import Language
import Testing

@testable import Reports
@testable import Suites

@Suite("StatisticsLines")
struct StatisticsLinesTests {
    /// The recorded run of a suite whose cases had so many passes and failures.
    private func recorded(_ counts: [(name: String, passed: Int, failed: Int)], before: Baseline?) throws -> RecordedRun
    {
        var sources = SourceMap()
        let start = SourcePosition(line: 1, column: 1)
        let source = sources.add(Source(path: "s.yaml", bytes: Array("suites:\n".utf8)))
        let range = SourceRange(source: source, start: start, end: SourcePosition(line: 1, column: 2))
        let test = SequentialTest(reliability: 0.95, unacceptable: 0.7)
        var suite = TestSuite(
            name: "golden", agent: "a", range: range,
            thresholds: Thresholds(noWorseThan: Located(Thresholds.NoWorseThan(margin: 0.1), at: range)),
            cases: counts.map {
                TestCase(
                    id: CaseID(suite: "golden", name: $0.name), name: $0.name, range: range, turns: [],
                    repetition: Repetition(test))
            })
        suite.baseline = before?.compared(withCasesOf: suite)
        let run = RunRecord(stack: "s", version: "1.0.0", startedAt: "2026-06-01T12:00:00Z", sources: sources)
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let recorder = try RunRecorder(run, [suite], in: sources, to: log)
        for one in counts {
            for number in 0..<(one.passed + one.failed) {
                let sample = Sample(verdict: number < one.passed ? .passed : .failed, turns: [])
                try recorder.take(
                    .sampleFinished(
                        FinishedSample(id: CaseID(suite: "golden", name: one.name), number: number + 1, sample: sample))
                )
            }
        }
        return try recorder.end(after: .seconds(1))
    }

    private func then(_ verdict: Verdict, _ passed: Int, _ failed: Int) -> Baseline.Case {
        Baseline.Case(verdict: verdict, passed: passed, failed: failed, errors: 0, latency: nil, tokens: nil)
    }

    @Test("TAP tells how many samples a sequential test took, not how many it might have taken")
    func tap() throws {
        let text = try TAPReport().text(of: try recorded([("good", 14, 0), ("bad", 1, 2)], before: nil))
        #expect(text.contains("samples: 14\n      passed: 14\n"))
        #expect(text.contains("samples: 3\n      passed: 1\n"))
    }

    @Test("Below the table stand what the samples prove, what is open, and what changed, with the limits of each test")
    func lines() throws {
        let before = Baseline(
            name: "blessed", run: "abc",
            cases: [
                "golden/good": then(.passed, 12, 0), "golden/bad": then(.passed, 12, 0),
                "golden/old": then(.passed, 1, 0),
            ])
        let recorded = try recorded([("good", 14, 0), ("bad", 1, 2), ("new", 57, 3)], before: before)
        let result = try #require(recorded.run.suites.first)
        let text = result.statisticsLines(recorded.run).joined(separator: "\n")
        #expect(text.contains("2 of 3 decided cases passed: 20.8 % to 93.9 % with 95 % confidence"))
        #expect(text.contains("tells a rate of 0.95 from 0.7, no smaller difference"))
        #expect(text.contains("α 0.05 divided over 3 deciding cases: 0.0167 each, β 0.1, at most 60 samples"))
        #expect(text.contains("noWorseThan: inconclusive"))
        #expect(text.contains("beside the baseline blessed (run abc): 1 worse, 1 same, 1 new, 1 gone"))
        #expect(text.contains("no longer there: golden/old"))
        #expect(text.contains("verdicts: 0 better, 1 worse of 2 pairs: no change found (McNemar, exact, p 1.0"))
        #expect(text.contains("nothing could have been found with fewer than 6 pairs"))
        let json = try JSONReport().text(of: recorded)
        let suite = try #require(try Value(json: json.utf8)["suites"]?.array?.first)
        #expect(suite["baseline"]?["worse"] == 1 && suite["baseline"]?["tests"]?.array?.count == 1)
        #expect(suite["statistics"]?["tests"]?.array?.count == 1)
        let bad = try #require(suite["cases"]?.array?[1])
        #expect(
            bad["baseline"] == [
                "change": "worse", "trend": "12/12 → 1/3",
                "before": ["verdict": "passed", "passed": 12, "failed": 0, "errors": 0],
            ])
        #expect(bad["wanted"]?["cases"] == 3)
    }
}
