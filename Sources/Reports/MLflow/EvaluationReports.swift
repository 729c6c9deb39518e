import FoundationEssentials
import Language
import Runtime
import Suites
import Wire

/// The files that a suite's run has in MLflow: the JSON report, and the verdicts that a later run is compared with.
struct EvaluationReports: Sendable {
    private let suite: String
    private let recorded: RecordedRun

    init(of suite: String, in recorded: RecordedRun) {
        self.suite = suite
        self.recorded = recorded
    }

    /// Puts them on a run. They are an extra: when artifacts are stored elsewhere, everything else is still there.
    func put(on run: MLflowRun, at server: MLflowServer) async throws {
        guard let folder = try? MLflowArtifactFolder(uri: run.artifactURI),
            let index = recorded.index(ofSuite: suite)
        else { return }
        // First what gates need, and is small: a large report may be refused.
        let verdicts = try VerdictsFile(recorded, ofSuite: index)
        try await server.putArtifact(try verdicts.bytes, named: VerdictsFile.name, in: folder)
        do {
            // By way of a temporary file: the report of many samples may be too large for memory.
            try await withTemporaryPath { path in
                let file = try NewFile(path)
                try ReportOutput.collect({ bytes in try bytes.withUnsafeBytes { try file.write($0) } }) { output in
                    try JSONReport().write(recorded.only(suite: index), to: &output)
                }
                try await server.putArtifact(file.content, named: "drover.json", in: folder)
            }
        } catch let failure as FileBytes.Failure {
            throw Diagnostic.noTemporaryReport(failure.reason)
        } catch FileBody.Failure.unreadable(let failure) {
            throw Diagnostic.noTemporaryReport(failure.reason)
        } catch FileBody.Failure.changed {
            throw Diagnostic.noTemporaryReport("something else wrote to it")
        }
    }
}

extension Evidence {
    /// The tags of the run that it stands on, which began when the samples were taken where nothing else is said.
    func tags(on run: MLflowRun) -> [String: String] {
        let started = Date(timeIntervalSince1970: Double(run.startTime / 1000)).formatted(.iso8601)
        var evidence = self
        (evidence.at, evidence.run) = (at.isEmpty ? started : at, run.id)
        var tags = [Evidence.tag: evidence.text, Evidence.keyTag: key]
        tags[Evidence.logicalTag] = logical
        return tags
    }
}

extension Diagnostic {
    fileprivate static func noTemporaryReport(_ reason: String) -> Diagnostic {
        Diagnostic(
            "report-not-written", "A report could not be written",
            detail: "The report could not be kept in a temporary file: \(reason).",
            fix: "Make room there, or name another folder for temporary files in TMPDIR.", cause: .unavailable)
    }
}
