import Fakes
import Runtime
import Support
import Testing
import Wire

@testable import Reports
@testable import Suites

/// What other runs of the suite find while one goes on.
extension CutOffEvidenceTests {
    /// Alone it passes: four of five.
    private static let passing: [SampleVerdict] = [.passed, .passed, .passed, .passed, .failed]

    @Test("A verdict takes into account what another run found meanwhile")
    func meanwhile() async throws {
        let fake = FakeMLflow()
        try await publish([.failed], as: "one", to: fake)
        // It began when nothing stood there.
        try await publish(Self.passing, as: "two", to: fake, isOpen: true, isSettled: true)
        let found = try #require(try await evidence(in: fake).first { $0.samples.passed == 4 })
        #expect(found.verdict == "failed" && found.failuresOnly == nil, "4 of 6 are too few.")
    }

    @Test("What no other run adds to stands as it was found")
    func alone() async throws {
        let fake = FakeMLflow()
        try await publish(Self.passing, as: "one", to: fake, isOpen: true, isSettled: true)
        #expect(try await evidence(in: fake).map(\.verdict) == ["passed"])
    }

    @Test("A verdict that is sent later takes into account what another run found before")
    func sentLater() async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            try await publish(
                Self.passing, as: "two", to: away, spool: Spool(in: directory, name: "two"),
                log: try SampleLog.create("\(directory)/run.log"), isOpen: true, isSettled: true)
            let back = FakeMLflow()
            try await publish([.failed], as: "one", to: back)
            let sent = await sender(to: back, present: key).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.isEmpty, "\(sent.warnings)")
            let found = try #require(try await evidence(in: back).first { $0.samples.passed == 4 })
            #expect(found.verdict == "failed")
        }
    }
}
