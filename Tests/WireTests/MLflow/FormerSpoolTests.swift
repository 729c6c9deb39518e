import Fakes
import Foundation
import Language
import Support
import Testing

@testable import Wire

@Suite("Spool files of former versions", .timeLimit(.minutes(20)))
struct FormerSpoolTests {
    /// As it was written for the MLflow that it names, in the experiment 0.
    private static let beforeAwaited = "spool-before-awaited"

    @Test("What was written before traces could wait for their experiment is sent as it was meant")
    func beforeAwaited() async throws {
        let written = try #require(
            Bundle.module.url(forResource: "Fixtures/\(Self.beforeAwaited)", withExtension: "traces"))
        let fake = FakeMLflow()
        let server = MLflowServer(Endpoint(service: "MLflow", base: "http://127.0.0.1:8750", transport: fake))
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/000000000001.traces"
            try FileManager.default.copyItem(at: written, to: URL(filePath: path))
            let read = try #require(try TraceSpoolFile.traces(in: path).first)
            #expect(read.experimentID == "0" && read.awaited == nil && read.usage == .init(input: 5, output: 15))
            let spool = try TraceSpool(in: directory, limit: 1 << 20) { Issue.record("\($0.detail)") }
            let (_, tally) = try await MLflowTraceWriter.withWriter(
                to: server, route: .spans, spool: spool, pause: .milliseconds(1)
            ) { writer in
                for _ in 0..<60_000 where writer.tally.written < 1 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(tally.written == 1 && tally.missing == 0 && tally.spooled == 0)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
        let trace = try #require(fake.store.traces.first)
        #expect(trace.id == "tr-7fb47f33f84659ddf72b303e0e525446" && trace.experimentID == "0")
        #expect(trace.spans.map(\.name) == ["agent", "lab/llm"])
        #expect(!fake.arrivals.contains { $0.path.contains("experiments") })
    }
}
