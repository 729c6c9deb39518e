import FoundationEssentials
import Support
import Testing

/// `drover serve` beside MLflow's two servers, all three before one stand-in for OGX, and clients of others before it
/// (`Tests/Conformance`).
@Suite struct ConformanceIntegrationTests {
    @Test(
        "The same requests are answered as MLflow's servers answer them, but for what is listed, and clients of others work"
    )
    func conformance() async throws {
        let python = try #require(ProcessInfo.processInfo.environment["DROVER_TEST_PYTHON"])
        try await withTemporaryDirectory { directory in
            let ended = try await DroverProgram(in: directory).run(
                python,
                ["\(packageRoot)/Tests/Conformance/check_conformance.py", "--drover", DroverProgram.path, "--show"])
            #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
        }
    }
}
