import Fakes
import Language
import Suites
import Support
import Testing
import Wire

@testable import Reports

extension EvaluationPublisherTests {
    @Test("Traces that MLflow refuses for now are kept, and sent by the next run")
    func tracesRefusedForNow() async throws {
        try await withTemporaryDirectory { directory in
            let fake = FakeMLflow()
            let refusing = Interposed(fake) { request, send in
                guard request.url.hasSuffix("/v1/traces") else { return try await send() }
                return HTTPResponse(status: 403, body: Array(#"{"error_code": "REFUSED", "message": "No"}"#.utf8))
            }
            let warnings = try await publish(
                to: fake, places: ["golden": place], spool: Spool(in: directory, name: "one"),
                log: try SampleLog.create("\(directory)/run.log"), through: refusing.mlflow)
            #expect(warnings.map(\.code.name) == ["traces-missing"])
            #expect(warnings.first?.fix?.contains("`\(directory)/one.jsonl`") == true, "\(warnings)")
            let sent = await SpoolSender(to: fake.server()).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.isEmpty && Spool.files(in: directory).isEmpty)
            #expect(fake.store.traces.count == 5 && fake.store.traces.allSatisfy { !$0.spans.isEmpty })
        }
    }

    @Test("Where no more may be kept, that is told")
    func crowded() async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            for name in 0...16 {
                let warnings = try await publish(
                    to: away, places: ["smoke": place], deadline: .milliseconds(20),
                    spool: Spool(in: directory, name: "\(name)"))
                let isTold = warnings.first?.fix?.contains("holds 16 runs that MLflow does not have") == true
                #expect(isTold == (name == 16), "\(warnings)")
            }
        }
    }
}
