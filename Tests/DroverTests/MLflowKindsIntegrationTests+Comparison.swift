import Fakes
import FoundationEssentials
import Language
import Support
import Synchronization
import Testing
import Wire

/// Two runs of the same suites, which MLflow's own client compares as drover does.
extension MLflowKindsIntegrationTests {
    /// An agent that answers as it is told to, but for some questions.
    private final class ChangingAgent: HTTPTransport {
        private let agent = FakeServedAgent(streams: false)
        private let wrong = Mutex<Set<String>>([])

        func fail(_ questions: Set<String>) {
            wrong.withLock { $0 = questions }
        }

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            let response = try await agent.send(request)
            let body = try Value(json: request.body?.collected() ?? [])
            let question = body["input"]?.array?.last?["content"]?.string ?? ""
            guard wrong.withLock({ $0.contains(question) }) else { return response }
            let text = String(decoding: response.body, as: UTF8.self).replacing("1 messages", with: "nothing")
            return HTTPResponse(status: response.status, headers: response.headers, body: Array(text.utf8))
        }

        func stream<Result: Sendable>(
            _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
        ) async throws -> Result {
            let response = try await send(request)
            return try await read(
                HTTPResponse(status: response.status, headers: response.headers),
                ScriptedTransport.chunks([response.body]))
        }
    }

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
        let agent = ChangingAgent()
        try write("drover: v1\nstack: compared\nexperiments: {answers: {}}\n", "\(directory)/compared/drover.yaml")
        try succeed(await drover("apply", "compared", "--yes"))
        try write(Self.comparedSpec, "\(directory)/compared/drover.yaml")
        let second = try await LoopbackServer.withServer(serving: agent) { url in
            let test = ["test", "compared", "--target", "served", "--url", url]
            agent.fail(["pair 1"])
            let first = try await drover(test + ["--log", "first.jsonl"])
            #expect(first.code == 4, "\(first.output)\(first.errors)")
            agent.fail(Set((2...8).map { "pair \($0)" } + ["again 2"]))
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
