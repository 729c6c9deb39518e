import Support
import Testing

/// What goes wrong at some request of an apply or a destroy, on real servers: a sample of what `scripts/test --faults` tries.
@Suite(.serialized) struct FaultsIntegrationTests {
    @Test("Killed or failed at any request, the next apply leaves what an uninterrupted one does")
    func sample() async throws {
        try await withTemporaryDirectory { directory in
            let sweep = try await DroverProgram(in: directory).run(
                "/usr/bin/env",
                [
                    "python3", "\(packageRoot)/Tests/Faults/sweep.py", "--drover", DroverProgram.path, "--rounds", "6",
                    "--minutes", "5",
                ])
            #expect(sweep.code == 0, "\(sweep.output)\(sweep.errors)")
            #expect(sweep.output.contains(" faults injected"), "\(sweep.output)\(sweep.errors)")
        }
    }
}
