import FoundationEssentials
import Language
import Testing

@testable import Lab

@Suite("FileLock")
struct FileLockTests {
    @Test("Who waited for a lock file that was removed meanwhile locks the one that is there now")
    func removed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "drover-lock-\(UUID().uuidString)").path
        let path = "\(folder)/lock"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try await FileLock.acquire(path)
        async let second = FileLock.acquire(path, within: .seconds(60))
        try await Task.sleep(for: .milliseconds(300))
        try FileManager.default.removeItem(atPath: folder)
        first.release()
        let held = try await second
        await #expect(throws: Diagnostic.self) { try await FileLock.acquire(path, within: .milliseconds(50)) }
        held.release()
        try await FileLock.acquire(path).release()
    }
}
