import Fakes
import Foundation
import Language
import Runtime
import Support
import Testing
import Wire

/// The requests that `Tests/Fixtures/Requests` holds, which the logged Python agent says too
/// (`Tests/Python/test_requests.py`, where the shape of a case is told).
@Suite("Requests as the logged agent says them")
struct RequestFixtureTests {
    struct Fixture: Decodable, Sendable {
        struct Turn: Decodable, Sendable {
            let input: [Value]
            let sampling: AgentDefinition.Sampling?
            let exchanges: [Exchange]
            let answer: [String: Value]?
            let failure: String?

            var request: AgentRequest {
                var request = AgentRequest(items: input)
                request.sampling = sampling ?? request.sampling
                return request
            }
        }

        struct Exchange: Decodable, Sendable {
            let method: String
            let path: String
            let body: Value?
            let headers: [String: Value]?
            let stream: Value?
            let json: Value?
            let status: Int?
        }

        let server: String
        let definition: AgentDefinition
        let turns: [Turn]
        let conversation: Bool?
        let only: String?
    }

    private static let folder = "\(packageRoot)/Tests/Fixtures"

    /// The names of the cases that are not Python's alone.
    static let names: [String] = {
        let paths = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/Requests")
        return (paths ?? []).filter { $0.hasSuffix(".json") && (try? fixture($0))?.only != "python" }.sorted()
    }()

    private static func fixture(_ name: String) throws -> Fixture {
        try Value(json: FileBytes.read("\(folder)/Requests/\(name)", atMost: 1 << 20)).decoded()
    }

    @Test("There are cases")
    func areThere() {
        #expect(Self.names.count > 40)
    }

    @Test("Every case is said and read as the logged agent does", arguments: names)
    func isSaid(name: String) async throws {
        let fixture = try Self.fixture(name)
        let exchanges = fixture.turns.flatMap(\.exchanges)
        let probe: [ScriptedTransport.Step] = [
            .json(#"{"version":"\#(fixture.server)"}"#),
            .json(KnownRoutes.description(of: fixture.server).canonicalJSON),
        ]
        let transport = ScriptedTransport(probe + (try exchanges.map(Self.step)))
        let endpoint = Endpoint(
            service: "Llama Stack", base: "http://stack", transport: transport,
            retry: RetryPolicy(base: .zero, cap: .zero))
        let runtimes = AgentRuntimes(
            server: try await LlamaStack.connect(to: endpoint), tokens: ["TICKETS_TOKEN": Secret("s3cret")])
        try await take(fixture, runtimes)
        let sent = transport.requests.dropFirst(2)
        #expect(
            sent.map { "\($0.method.rawValue) \($0.url.dropFirst("http://stack".count))" }
                == exchanges.map { "\($0.method) \($0.path)" })
        for (request, exchange) in zip(sent, exchanges) {
            #expect(try request.body.map { try Value(json: $0.collected()) } == exchange.body)
            for (header, value) in exchange.headers ?? [:] {
                let told = try #require(request.secretHeaders.first { $0.name.lowercased() == header })
                #expect(try Value(json: told.value.revealed.utf8) == value)
            }
        }
    }

    private func take(_ fixture: Fixture, _ runtimes: AgentRuntimes) async throws {
        guard fixture.conversation == true else {
            for turn in fixture.turns {
                try await check(turn) {
                    try await runtimes.ask(fixture.definition, turn.request, timeout: .seconds(30)) { _ in }
                }
            }
            return
        }
        try await runtimes.withConversation(with: fixture.definition) { conversation in
            for turn in fixture.turns {
                try await check(turn) { try await conversation.ask(turn.request, timeout: .seconds(30)) { _ in } }
            }
        }
    }

    private func check(_ turn: Fixture.Turn, _ ask: () async throws -> Answer) async throws {
        guard let failure = turn.failure else {
            let told = Self.told(try await ask())
            for (key, value) in try #require(turn.answer) { #expect(told[key] == value, "\(key)") }
            return
        }
        let thrown = await #expect(throws: Diagnostic.self) { try await ask() }
        #expect(thrown?.detail.contains(failure) == true, "\(thrown?.detail ?? "")")
    }

    private static func step(_ exchange: Fixture.Exchange) throws -> ScriptedTransport.Step {
        switch exchange.stream {
        case .string(let file): return .stream([try FileBytes.read("\(folder)/\(file)", atMost: 1 << 20)])
        case .array(let frames): return .stream(frames.map { Array("data: \($0.canonicalJSON)\n\n".utf8) })
        case _:
            guard let json = exchange.json else { return .response(HTTPResponse(status: exchange.status ?? 200)) }
            return .json(exchange.status ?? 200, json.canonicalJSON)
        }
    }

    /// An answer in the words of the cases. Of a search only what it found is told by both sides.
    private static func told(_ answer: Answer) -> [String: Value] {
        let calls: [Value] = answer.toolCalls.map { call in
            let isSearch = call.arguments["query"] != nil
            let told: [String: Value] = ["name": .string(call.name), "output": .string(call.result ?? "")]
            return .object(isSearch ? told : told.merging(["arguments": call.arguments]) { $1 })
        }
        let pending: [Value] = answer.pendingCalls.map { ["name": .string($0.name), "arguments": $0.arguments] }
        var told: [String: Value] = [
            "status": .string(answer.status.rawValue), "text": .string(answer.text), "calls": .array(calls),
            "pending": .array(pending), "cited": .array(answer.cited.map(Value.string)),
        ]
        told["usage"] = answer.usage.map { ["input": .integer($0.input), "output": .integer($0.output)] }
        return told
    }
}
