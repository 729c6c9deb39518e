import Fakes
import FoundationEssentials
import Support
import Synchronization
import Testing

/// Two runs of the same suites, which MLflow's own client compares as drover does.
extension MLflowKindsIntegrationTests {
    /// Twelve cases of one sample each, and four of three.
    private static var comparedSpec: String {
        func cases(_ name: String, _ count: Int, _ more: String) -> String {
            (1...count).map { "      - {name: c\($0), input: \(name) \($0), expect: [{contains: 1 messages}]\(more)}" }
                .joined(separator: "\n")
        }
        return """
            drover: v1
            stack: compared
            experiments: {answers: {}}
            agents: {support: {model: m, instructions: Be brief., log: false}}
            suites:
              pairs:
                agent: support
                experiment: answers
                cases:
            \(cases("pair", 12, ""))
              repeats:
                agent: support
                experiment: answers
                cases:
            \(cases("again", 4, ", repeat: 3"))

            """
    }

    func compared(_ drover: DroverProgram, _ directory: String) async throws {
        let wrong = Mutex<Set<String>>([])
        let agent = MeddlingAgent(streams: false) { question in
            wrong.withLock { $0.contains(question) } ? MeddlingAgent.answer("nothing") : nil
        }
        try write("drover: v1\nstack: compared\nexperiments: {answers: {}}\n", "\(directory)/compared/drover.yaml")
        try succeed(await drover("apply", "compared", "--yes"))
        try write(Self.comparedSpec, "\(directory)/compared/drover.yaml")
        let second = try await LoopbackServer.withServer(serving: agent) { url in
            let test = ["test", "compared", "--target", "served", "--url", url]
            wrong.withLock { $0 = ["pair 1"] }
            let first = try await drover(test + ["--log", "first.jsonl"])
            #expect(first.code == 4, "\(first.output)\(first.errors)")
            wrong.withLock { $0 = Set((2...8).map { "pair \($0)" } + ["again 2"]) }
            return try await drover(test + ["--baseline", "first.jsonl"])
        }
        #expect(second.code == 4, "\(second.output)\(second.errors)")
        // One better and seven worse of eight: 2 · (1 + 8) / 2⁸.
        let said = try #require(
            second.output.firstMatch(of: /1 better, 7 worse of 12 pairs: [^(]*\(McNemar, exact, p ([0-9.]+)/),
            "\(second.output)")
        let script = ["\(packageRoot)/Tests/Python/check_comparison.py", "--experiment", "answers"]
        let pairs = ["--suite", "pairs", "--samples", "12", "--better", "1", "--worse", "7", "--p-value"]
        try succeed(await python(directory, script + pairs + [String(said.1)]))
        let repeats = ["--suite", "repeats", "--samples", "12", "--better", "0", "--worse", "3"]
        try succeed(await python(directory, script + repeats))
    }
}
