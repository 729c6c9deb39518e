import FoundationEssentials
import Support
import Testing

/// The program as a user runs it in a shell with a low limit of open files.
@Suite("The limit of open files, as it is told")
struct OpenFileLimitTests {
    @Test("Where the limit is too low for the connections, it says so before it connects, and how to raise it")
    func tooLow() async throws {
        try await withTemporaryDirectory { directory in
            let spec = "drover: v1\nstack: s\nagents: {a: {model: m, instructions: Hi., log: false}}\n"
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
            let drover = DroverProgram(in: directory)
            let command = "ulimit -n 100; exec \"$0\" plan . --llamastack-url http://127.0.0.1:1"
            let ended = try await drover.run("/bin/sh", ["-c", command, DroverProgram.path])
            #expect(ended.code != 0)
            #expect(ended.errors.contains("error[too-many-open-files]: The limit of open files is too low"))
            #expect(
                ended.errors.contains("This process may have only 100 files and connections open"), "\(ended.errors)")
            #expect(ended.errors.contains("`ulimit -n 4096`") && ended.errors.contains("`--concurrency`"))
        }
    }
}
