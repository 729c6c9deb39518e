import Engine
import Fakes
import Language
import Testing
import Wire

@testable import Kinds

@Suite("What a plan takes on trust, tried")
struct TrialsTests {
    /// An MCP server at `http://desk.test/mcp` with two tools, and an embedding model with vectors of three numbers.
    private struct World: HTTPTransport {
        let ogx: FakeOGX

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            if request.url.hasPrefix("http://desk.test") {
                let tools = #"{"tools":[{"name":"ticket_search"},{"name":"ticket_create"}]}"#
                return try await ScriptedTransport([.json(#"{"jsonrpc":"2.0","id":1,"result":\#(tools)}"#)])
                    .send(request)
            }
            if request.url.hasSuffix("/embeddings") {
                return try await ScriptedTransport([.json(#"{"data":[{"embedding":[0.5,0.5,0.5]}]}"#)]).send(request)
            }
            return try await ogx.send(request)
        }

        func stream<Result: Sendable>(
            _ request: HTTPRequest,
            _ read: @Sendable (HTTPResponse, any AsyncSequence<[UInt8], any Error>) async throws -> Result
        ) async throws -> Result {
            try await ogx.stream(request, read)
        }
    }

    private func verdicts(_ yaml: String) async throws -> [String] {
        let stack = try TestStack()
        let (workflow, folder) = try stack.declare(yaml)
        let world = World(ogx: stack.ogx)
        let server = try await LlamaStack.connect(
            to: Endpoint(service: "OGX", base: "http://ogx.test", transport: world))
        let servers = Servers(
            stack: workflow.stack, llamaStack: server, mlflow: nil, folder: folder, transport: world, commit: nil)
        return try await Trials(workflow, on: servers, tokens: [:]).findings().map { finding in
            switch finding.verdict {
            case .met(let seen): "\(finding.address) met: \(seen)"
            case .unmet(let problem): "\(finding.address) \(problem.code.name): \(problem.detail) \(problem.fix ?? "")"
            case .unknown(let problem): "\(finding.address) unknown: \(problem.code.name)"
            case .limited, .skipped: "\(finding.address) other"
            }
        }
    }

    @Test("The tools that are allowed must be among those that the MCP server lists")
    func tools() async throws {
        let good = "tools: {desk: {mcp: {url: 'http://desk.test/mcp', allow: [ticket_search]}}}"
        #expect(try await verdicts(good) == ["tools.desk met: `http://desk.test/mcp` lists `ticket_search`"])
        let bad = try await verdicts("tools: {desk: {mcp: {url: 'http://desk.test/mcp', allow: [ticket_serch]}}}")
        #expect(bad.count == 1 && bad[0].contains("unlisted-tools"))
        #expect(bad.first?.hasSuffix("Did you mean `ticket_search`?") == true)
    }

    @Test("An embedding model is tried, and the length of its vectors compared")
    func embeddings() async throws {
        let good = "vectorStores: {a: {embeddingModel: scripted/embed, embeddingDimension: 3}}"
        #expect(
            try await verdicts(good) == ["vectorStores.a met: `scripted/embed` embeds with vectors of 3 numbers"])
        let wrong = try await verdicts("vectorStores: {a: {embeddingModel: scripted/embed, embeddingDimension: 4}}")
        #expect(wrong.count == 1 && wrong[0].contains("embedding-dimension") && wrong[0].hasSuffix("Write 3."))
    }
}
