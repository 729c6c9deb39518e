import Support
import Testing

/// `drover serve` that is stopped while it answers: see `Tests/Python/check_stop.py`.
@Suite("The stop of drover serve", .timeLimit(.minutes(10)))
struct ServedStopTests {
    @Test("Stopped under load, it answers each request that it has accepted")
    func underLoad() async throws {
        try await withTemporaryDirectory { directory in
            let ended = try await DroverProgram(in: directory).run(
                "/usr/bin/env",
                ["python3", "\(packageRoot)/Tests/Python/check_stop.py", "--drover", DroverProgram.path])
            #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
        }
    }
}
