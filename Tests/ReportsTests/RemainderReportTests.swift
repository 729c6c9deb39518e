import FoundationEssentials
import Language
import Testing

@testable import Reports
@testable import Suites

/// What reports say of a gate that asked only what was missing.
@Suite("Reports of what is missing beside earlier samples")
struct RemainderReportTests {
    /// The run of a suite with a case that failed before, and one of which the only sample ended in an error.
    private func recorded() throws -> RecordedRun {
        var sources = SourceMap()
        let range = SourceRange.start(of: sources.add(Source(path: "s.yaml", bytes: Array("suites:\n".utf8))))
        let suite = TestSuite(
            name: "golden", agent: "a", range: range, thresholds: Thresholds(passRate: Located(0.5, at: range)),
            cases: ["bad", "open"].map { name in
                TestCase(id: CaseID(suite: "golden", name: name), name: name, range: range, turns: [])
            })
        let verdicts = """
            {"schema":"drover.verdicts/1","drover":"1","stack":"s","suite":"golden","startedAt":"t","tables":{},
             "cases":[{"id":"golden/bad","verdict":"failed","samples":[{"verdict":"failed","latency":1}]}]}
            """
        var earlier = EarlierSamples()
        earlier.add(try #require(VerdictsFile(Array(verdicts.utf8))))
        let run = RunRecord(stack: "s", version: "1.0.0", startedAt: "2026-06-01T12:00:00Z", sources: sources)
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let recorder = try RunRecorder(run, [suite.asking(after: earlier)], in: sources, to: log)
        let sample = Sample(verdict: .error, turns: [])
        try recorder.take(
            .sampleFinished(FinishedSample(id: CaseID(suite: "golden", name: "open"), number: 1, sample: sample)))
        return try recorder.end(after: .seconds(1))
    }

    @Test("A case that failed before is told as failed, by samples of earlier runs, and not as open")
    func failedBefore() throws {
        let recorded = try recorded()
        #expect(recorded.run.suites.map(\.verdict) == [.inconclusive])
        let junit = try JUnitReport().text(of: recorded)
        #expect(
            junit.contains(
                #"<failure message="It failed by samples of earlier runs, which count beside those of this one.""#)
                && junit.contains(#"type="case-failed""#), "\(junit)")
        let markdown = try MarkdownReport().text(of: recorded)
        #expect(markdown.contains("`golden/bad`, by earlier samples"), "\(markdown)")
    }
}
