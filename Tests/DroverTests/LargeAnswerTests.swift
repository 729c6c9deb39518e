import Fakes
import FoundationEssentials
import Support
import Testing

@Suite("Answers of 10 MB")
struct LargeAnswerTests {
    /// Lines of a hundred characters.
    private static let text = String(repeating: String(repeating: "x", count: 99) + "\n", count: 100_000) + "the end"
    private static let spec = """
        drover: v1
        stack: shop
        agents:
          support: {model: m, instructions: Be brief., log: false}
        suites:
          smoke:
            agent: support
            cases:
              - {name: before, input: One, expect: [{equals: 1 messages}]}
              - {name: wrong, input: Much, expect: [{equals: 1 messages}]}
              - {name: right, input: Much, expect: [{contains: the end}]}
              - {name: after, input: Two, expect: [{equals: 1 messages}]}

        """

    /// Runs a command, and says at the end how much memory it took, in MB.
    private static let measured = """
        import resource, subprocess, sys
        code = subprocess.run(sys.argv[1:]).returncode
        print("memory", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
        sys.exit(code)
        """

    @Test("The run goes on, its memory is bounded, and what is told says how much it leaves out")
    func goesOn() async throws {
        let agent = MeddlingAgent(streams: false) { $0 == "Much" ? MeddlingAgent.answer(Self.text) : nil }
        try await LoopbackServer.withServer(serving: agent) { url in
            try await withTemporaryDirectory { directory in
                try Data(Self.spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
                let drover = DroverProgram(in: directory)
                let reports = ["junit=out.xml", "markdown=out.md", "html=out.html", "json=out.json"]
                let ended = try await drover.run(
                    "/usr/bin/env",
                    ["python3", "-c", Self.measured, DroverProgram.path, "test", ".", "--target", "served"]
                        + ["--url", url, "--log", "run.jsonl"] + reports.flatMap { ["--report", $0] })
                #expect(ended.code == 4, "\(ended.output.suffix(2_000))\(ended.errors.suffix(2_000))")
                // Both are for people: they show the beginning and the end.
                #expect(ended.output.utf8.count < 100_000 && ended.errors.utf8.count < 100_000)
                let left = try #require(ended.output.firstMatch(of: /… ([0-9]+) characters left out …/))
                #expect(Int(left.1).map { $0 > 9_000_000 } == true)
                let memory = try #require(ended.output.firstMatch(of: /memory ([0-9]+)/))
                #expect(Int(memory.1).map { $0 < 800 } == true, "\(memory.0) MB")
                let markdown = try String(contentsOfFile: "\(directory)/out.md", encoding: .utf8)
                #expect(markdown.unicodeScalars.count <= 60_000 && markdown.contains("smoke/wrong"))
                for report in ["out.xml", "out.html", "out.json"] {
                    #expect(FileManager.default.fileExists(atPath: "\(directory)/\(report)"), "\(report)")
                }
                let log = try Data(contentsOf: URL(filePath: "\(directory)/run.jsonl"))
                let samples = log.split(separator: UInt8(ascii: "\n")).filter {
                    $0.starts(with: Data("{\"sample\"".utf8))
                }
                #expect(samples.count == 4)
            }
        }
    }
}
