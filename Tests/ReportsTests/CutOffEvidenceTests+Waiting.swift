import Fakes
import FoundationEssentials
import Language
import Runtime
import Suites
import Support
import Testing

@testable import Reports

extension CutOffEvidenceTests {
    @Test("While what passed in a killed run waits, its traces and reports are sent once, and are kept no longer")
    func sentOnce() async throws {
        try await withTemporaryDirectory { directory in
            try await killed([.passed, .failed], in: directory)
            let back = FakeMLflow()
            _ = await sender(to: back, present: nil).sendAll(in: directory)
            #expect(back.store.traces.count == 2)
            #expect(back.arrivals.contains { $0.method == "PUT" && $0.path.contains("mlflow-artifacts") })
            let waiting = "\(directory)/one.waits.jsonl"
            #expect(Spool.files(in: directory) == [waiting])
            let text = try String(contentsOfFile: waiting, encoding: .utf8)
            #expect(text.hasPrefix(#"{"run":"#) && !text.contains(#"{"trace":"#))

            back.cut(.never)
            let again = await sender(to: back, present: nil).sendAll(in: directory)
            #expect(again.sent == 0 && again.warnings.map(\.code.name) == ["killed-run-waits"])
            let repeated = back.arrivals.filter { arrival in
                arrival.path.contains("traces") || arrival.path.contains("log-inputs") || arrival.method == "PUT"
            }
            #expect(repeated.isEmpty && Spool.files(in: directory) == [waiting])

            let sent = await sender(to: back, present: key).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.isEmpty && Spool.files(in: directory).isEmpty)
            #expect(try await evidence(in: back).map(\.failuresOnly) == [nil])
            #expect(back.store.runs.count == 1 && back.store.traces.count == 2)
        }
    }
}
