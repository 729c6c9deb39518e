import FoundationEssentials
import Language

@testable import Suites

/// What a suite showed, read from the log of its run.
struct Shown: Sendable {
    let suite: SuiteResult
    let cases: [CaseResult]

    var verdict: Verdict { suite.verdict }
}

extension RecordedRun {
    var shown: [Shown] {
        get throws {
            try run.suites.indices.map { index in
                Shown(suite: run.suites[index], cases: try positions(ofSuite: index).map { try result(of: $0) })
            }
        }
    }
}

extension RunRecorder {
    /// Records in a file that is gone at the end, with ranges in one source without text.
    convenience init(_ suites: [TestSuite], to log: SampleLog? = nil) throws {
        var sources = SourceMap()
        _ = sources.add(Source(path: "spec.yaml", bytes: []))
        let record = RunRecord(stack: "s", version: "1.0.0", startedAt: "2026-06-01T12:00:00Z", sources: sources)
        let log = try log ?? SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        try self.init(record, suites, in: sources, to: log)
    }
}

extension SuiteRunner {
    /// Runs suites, and reads what they showed back from their log.
    func run(_ suites: [TestSuite]) async throws -> [Shown] {
        let recorder = try RunRecorder(suites)
        try await run(suites, recording: recorder)
        return try recorder.end(after: .zero).shown
    }
}
