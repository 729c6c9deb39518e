import FoundationEssentials
import Glibc
import Testing

@testable import Lab

@Suite struct LogTailTests {
    @Test("The last lines that say something come without colours")
    func lines() {
        #expect(LogTail.lastLines(2, of: "one\n\u{1B}[31mtwo\u{1B}[0m\n\n  \nthree\n") == "two\nthree")
    }

    @Test("Of a log only the end is read, however long it is")
    func end() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "drover-log-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(LogTail.end(ofFile: path, atMost: 4) == [] && LogTail.lastLines(1, ofFile: path) == "")
        // Eight tebibytes, of which nothing is on the disk but the last line.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let line = Array("\nthe end\n".utf8)
        try #require(pwrite(descriptor, line, line.count, 8 << 40) == line.count)
        #expect(LogTail.end(ofFile: path, atMost: 4) == Array("end\n".utf8))
        #expect(LogTail.lastLines(1, ofFile: path) == "the end")
    }
}
