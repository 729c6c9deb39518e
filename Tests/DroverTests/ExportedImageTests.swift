import Support
import Testing

/// The build file of an image, executed: see `Tests/Python/check_image.py`. It needs root, for a root directory of its own.
@Suite("The image of drover export dockerfile", .timeLimit(.minutes(10)))
struct ExportedImageTests {
    @Test("Its steps make a directory from which a user without rights serves, and its health check says so")
    func serves() async throws {
        try await withTemporaryDirectory { directory in
            let ended = try await DroverProgram(in: directory).run(
                "/usr/bin/env",
                ["python3", "\(packageRoot)/Tests/Python/check_image.py", "--drover", DroverProgram.path])
            #expect(ended.code == 0 && ended.output.contains("The image serves."), "\(ended.output)\(ended.errors)")
        }
    }
}
