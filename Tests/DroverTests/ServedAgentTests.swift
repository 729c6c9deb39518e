import Fakes
import FoundationEssentials
import Language
import Support
import Testing

/// Agents that are served behind `/invocations`, asked by the program as a user runs it.
@Suite("Served agents")
struct ServedAgentTests {
    private static let spec = """
        drover: v1
        stack: served
        tools:
          weather:
            function:
              description: Weather of a city
              parameters: {type: object, properties: {city: {type: string}}}
              exec: {command: [/bin/sh, -c, "cat >/dev/null; echo sunny"]}
        agents:
          support: {model: m, instructions: Be brief., tools: [weather], log: false}
        suites:
          smoke:
            agent: support
            cases:
              - name: weather
                input: How is the weather?
                expect: [{contains: sunny}, {calledTool: {name: weather, arguments: {city: Rome}}}, {streams: true}]
              - name: two turns
                turns: [{input: One, expect: [{equals: 1 messages}]}, {input: Two, expect: [{equals: 3 messages}]}]

        """

    private func withServed(
        _ fake: FakeServedAgent, token: String? = nil,
        _ body: @escaping @Sendable (DroverProgram, String) async throws -> Void
    ) async throws {
        try await LoopbackServer.withServer(serving: fake) { url in
            try await withTemporaryDirectory { directory in
                try Data(Self.spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
                let environment = token.map { ["DROVER_SERVED_TOKEN": $0] } ?? [:]
                try await body(DroverProgram(in: directory, environment: environment), url)
            }
        }
    }

    @Test("A suite runs against a served agent, with local functions, and no other server is contacted")
    func suite() async throws {
        try await withServed(FakeServedAgent(streams: true, token: "t0ken"), token: "t0ken") { drover, url in
            let ended = try await drover("test", ".", "--target", "served", "--url", url)
            #expect(ended.code == 0 && ended.output.contains("2 passed, 0 failed"), "\(ended.output)\(ended.errors)")
        }
    }

    @Test("What a server that does not stream cannot show is inconclusive")
    func notStreamed() async throws {
        try await withServed(FakeServedAgent(streams: false)) { drover, url in
            let ended = try await drover("test", ".", "--target", "served", "--url", url)
            #expect(ended.code == 5 && ended.output.contains("was not streamed"), "\(ended.output)\(ended.errors)")
        }
    }

    @Test("One question is put to a served agent without a spec; a refused token is explained")
    func invoke() async throws {
        try await withServed(FakeServedAgent(streams: true, token: "t0ken"), token: "t0ken") { drover, url in
            let told = try await drover("invoke", "--url", "\(url)/invocations", "Hello")
            #expect(told.code == 0 && told.output == "1 messages\n", "\(told.output)\(told.errors)")
        }
        try await withServed(FakeServedAgent(streams: true, token: "t0ken"), token: "wr0ng") { drover, url in
            let refused = try await drover("invoke", "--url", url, "Hello")
            #expect(refused.code == 1 && refused.errors.contains("`DROVER_SERVED_TOKEN`"), "\(refused.errors)")
            #expect(!refused.errors.contains("wr0ng"))
        }
    }

    @Test("Who asks without a spec is told where the function is carried out that the agent waits for")
    func pendingFunction() async throws {
        try await withServed(FakeServedAgent(streams: true)) { drover, url in
            let ended = try await drover("invoke", "--url", url, "How is the weather?")
            #expect(ended.code == 1 && ended.errors.contains("pending-call"), "\(ended.output)\(ended.errors)")
            #expect(ended.errors.contains("`drover serve AGENT --spec PATH`"), "\(ended.errors)")
        }
    }

    @Test(
        "Options that do not fit together are usage errors",
        arguments: [
            ["test", ".", "--target", "served"], ["test", ".", "--url", "http://localhost:1"],
            ["test", ".", "--target", "served", "--url", "http://localhost:1", "--from-spec"],
            ["test", ".", "--target", "served", "--url", "localhost:1"],
            ["invoke", "--url", "http://u:secret@localhost:1", "Hello"],
            ["invoke", "--url", "http://localhost:1", "support", "Hello"],
        ])
    func usage(arguments: [String]) async throws {
        let ended = try await DroverProgram(in: packageRoot).run(DroverProgram.path, arguments)
        #expect(ended.code == 64, "\(ended.output)\(ended.errors)")
    }
}
