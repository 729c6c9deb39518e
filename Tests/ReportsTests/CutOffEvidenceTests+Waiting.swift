import Fakes
import FoundationEssentials
import Language
import Runtime
import Suites
import Support
import Testing
import Wire

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

    /// Leaves a run that waits for MLflow, with a sample that failed.
    private func leave(in directory: String) async throws {
        let away = FakeMLflow()
        away.cut(.before(1))
        try await publish(
            [.passed, .failed], as: "one", to: away, spool: Spool(in: directory, name: "one"),
            log: try SampleLog.create("\(directory)/run.log"), isOpen: true, isSettled: true)
    }

    private func refusing(_ status: Int, named name: String? = nil, at fake: FakeMLflow) -> Interposed {
        Interposed(fake) { request, send in
            guard request.method == .put, name.map(request.url.hasSuffix) ?? true else { return try await send() }
            return HTTPResponse(status: status, body: Array(#"{"error_code": "REFUSED", "message": "No"}"#.utf8))
        }
    }

    @Test("Reports that MLflow refuses for now are sent later, and those that it refuses for good are not")
    func refusedReports() async throws {
        for (status, isKept) in [(403, true), (400, false)] {
            try await withTemporaryDirectory { directory in
                try await leave(in: directory)
                let back = FakeMLflow()
                let first = await SpoolSender(to: refusing(status, at: back).mlflow).sendAll(in: directory)
                #expect(first.sent == (isKept ? 0 : 1))
                #expect(first.warnings.map(\.code.name) == [isKept ? "not-sent" : "reports-not-sent"])
                #expect(back.store.runs.map(\.status) == ["FAILED"])
                let again = await SpoolSender(to: back.server()).sendAll(in: directory)
                #expect(again.sent == (isKept ? 1 : 0) && again.warnings.isEmpty)
                #expect(back.arrivals.contains { $0.method == "PUT" } == isKept)
                #expect(try await back.server().samples(of: evidence(in: back)).unreadable == (isKept ? 0 : 1))
                #expect(back.store.runs.count == 1)
            }
        }
    }

    @Test("The verdicts of samples, which later runs add to, are there also where the report is too large for MLflow")
    func largeReport() async throws {
        try await withTemporaryDirectory { directory in
            try await leave(in: directory)
            let back = FakeMLflow()
            let sender = SpoolSender(to: refusing(413, named: "drover.json", at: back).mlflow)
            let sent = await sender.sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["reports-not-sent"])
            let samples = try await back.server().samples(of: evidence(in: back))
            #expect(samples.unreadable == 0 && samples.samples.unseenFailures == 0)
        }
    }
}
