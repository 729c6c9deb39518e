import Engine
import Fakes
import Foundation
import Language
import Testing
import Wire

@testable import Kinds

@Suite("What a plan takes on trust, tried")
struct ProbesTests {
    /// An MCP server at `http://desk.test/mcp` with two tools, and an embedding model with vectors of three numbers.
    private struct World: HTTPTransport {
        let ogx: FakeOGX

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            if request.url.hasPrefix("http://desk.test") || request.authorization?.revealed == "Bearer t" {
                let tools = #"{"tools":[{"name":"ticket_search"},{"name":"ticket_create"}]}"#
                return try await ScriptedTransport([.json(#"{"jsonrpc":"2.0","id":1,"result":\#(tools)}"#)])
                    .send(request)
            }
            if request.url.hasPrefix("http://guarded.test"), request.authorization?.revealed != "Bearer t" {
                return HTTPResponse(status: 401)
            }
            if request.url.hasPrefix("http://silent.test") {
                throw TransportFailure(.unreachable, "connection refused")
            }
            if request.url.hasPrefix("http://circle.test") {
                return HTTPResponse(status: 307, headers: [("location", "http://circle.test/again")])
            }
            if request.url.hasPrefix("http://weather.test") {
                return try await ScriptedTransport([.json(405, "{}")]).send(request)
            }
            if request.url.hasSuffix("/connectors/desk/tools") {
                return try await ScriptedTransport([.json(#"{"data":[{"name":"ticket_search"}]}"#)]).send(request)
            }
            if request.url.hasSuffix("/embeddings") {
                return try await ScriptedTransport([.json(#"{"data":[{"embedding":[0.5,0.5,0.5]}]}"#)]).send(request)
            }
            return try await ogx.send(request)
        }

        func stream<Result: Sendable>(
            _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
        ) async throws -> Result {
            guard request.url.hasPrefix("http://files.test") else { return try await ogx.stream(request, read) }
            let step: ScriptedTransport.Step =
                switch request.url {
                case "http://files.test/a.md": .stream([Array("A.".utf8)])
                case "http://files.test/gone.md": .response(HTTPResponse(status: 404))
                case _:
                    .response(HTTPResponse(status: 302, headers: [("location", "http://files.test/circle.md")]))
                }
            return try await ScriptedTransport([step]).stream(request, read)
        }
    }

    private func probes(
        _ yaml: String, of kinds: Kinds = .standard, in stack: TestStack?, environment: [String: String] = [:]
    ) async throws -> Probes {
        let stack = try stack ?? TestStack()
        let (workflow, folder) = try stack.declare(yaml)
        let world = World(ogx: stack.ogx)
        let server = try await LlamaStack.connect(
            to: Endpoint(service: "OGX", base: "http://ogx.test", transport: world))
        let servers = Servers(
            stack: workflow.stack, llamaStack: server, mlflow: nil, folder: folder, transport: world, commit: nil)
        let tokens = Kinds.usableTokens(in: workflow, environment: environment)
        return Probes(workflow, of: kinds, on: servers, tokens: tokens, searchPath: "/nowhere:/bin")
    }

    private func verdicts(_ yaml: String, in stack: TestStack? = nil) async throws -> [String] {
        told(try await probes(yaml, in: stack).findings())
    }

    private func told(_ findings: [Finding]) -> [String] {
        findings.map { finding in
            switch finding.status {
            case .met(let seen): "\(finding.address) met: \(seen)"
            case .unmet(let problem): "\(finding.address) \(problem.code.name): \(problem.detail) \(problem.fix ?? "")"
            case .unknown(let problem): "\(finding.address) unknown: \(problem.code.name)"
            case .limited(let problem): "\(finding.address) limited: \(problem.code.name)"
            case .skipped: "\(finding.address) skipped"
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

    @Test("The models of what is no kind's, such as a judge's, must be among those that the server offers")
    func models() async throws {
        // Agents, which name models as judges do, are taken for such.
        let kinds = Kinds(Kinds.standard.all.filter { $0.section.key != "agents" })
        let yaml = """
            models: {chat: {id: gone}}
            agents:
              good: {model: scripted/llm, instructions: Help.}
              bad: {model: scripted/lm, instructions: Help.}
              declared: {model: chat, instructions: Help.}
            """
        let found = told(try await probes(yaml, of: kinds, in: nil).findingsAboutModels()).sorted()
        #expect(found.count == 2 && found.last == "agents.good met: ", "\(found)")
        #expect(found.first?.hasPrefix("agents.bad unknown-model: ") == true)
        #expect(found.first?.hasSuffix("for `agents.bad`. Did you mean `scripted/llm`?") == true, "\(found)")
    }

    @Test("The tools that a connector lists are asked through the server")
    func connectors() async throws {
        let stack = try TestStack(ogx: FakeOGX(connectors: ["desk"]))
        let good = try await verdicts("tools: {desk: {mcp: {connector: desk, allow: [ticket_search]}}}", in: stack)
        #expect(good == ["tools.desk met: the connector `desk` lists `ticket_search`"])
        let bad = try await verdicts("tools: {desk: {mcp: {connector: desk, allow: [ticket_find]}}}", in: stack)
        #expect(bad.first?.contains("unlisted-tools") == true)
    }

    @Test("A token that is missing, or that no header can hold, costs the other MCP servers nothing")
    func tokens() async throws {
        let yaml = """
            tools:
              first: {mcp: {url: 'http://guarded.test/1', token: {env: UNSET}}}
              odd: {mcp: {url: 'http://guarded.test/2', token: {env: ODD}}}
              set: {mcp: {url: 'http://guarded.test/3', token: {env: SET}}}
              open: {mcp: {url: 'http://desk.test/mcp', token: {env: SPARE, optional: true}}}
            agents:
              a: {model: scripted/llm, instructions: Help., tools: [first, odd, set, open]}
            """
        let probes = try await probes(yaml, in: nil, environment: ["ODD": "a\nb", "SET": "t"])
        let told = try await probes.silentTools(ofChanged: [Address("agents", "a")])
        let refused = told.map { $0.detail.prefix { $0 != " " } }.sorted()
        #expect(refused == ["`http://guarded.test/1`", "`http://guarded.test/2`"])
        #expect(told.allSatisfy { $0.detail.contains("(status 401)") })
    }

    private static func function(_ handler: String) -> String {
        "tools: {f: {function: {description: d, parameters: {}, \(handler)}}}"
    }

    @Test(
        "A program must be there and executable: beside the spec, anywhere, or in `PATH`",
        arguments: [
            ("./good.sh", "tools.f met: `./good.sh` can be run"), ("sh", "tools.f met: `sh` can be run"),
            ("/bin/sh", "tools.f met: `/bin/sh` can be run"), ("./plain.txt", "tools.f not-executable"),
            ("./gone.sh", "tools.f missing-program"), ("no-such-program", "tools.f missing-program"),
            ("./", "tools.f missing-program"),
        ])
    func programs(command: String, verdict: String) async throws {
        let stack = try TestStack()
        try stack.write("good.sh", "#!/bin/sh\n")
        try stack.write("plain.txt", "text")
        let path = stack.folder.appending(path: "good.sh").path
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let found = try await verdicts(Self.function("exec: {command: [\(command)]}"), in: stack)
        #expect(found.count == 1 && found[0].hasPrefix(verdict), "\(found)")
    }

    @Test("A program that is named by a path and cannot be run is a warning whenever the spec is read")
    func programWarnings() throws {
        let stack = try TestStack()
        func problems(_ command: String) throws -> [Diagnostic] {
            let (workflow, folder) = try stack.declare(Self.function("exec: {command: [\(command)]}"))
            return workflow.declarations.flatMap { $0.spec.problems(in: folder) }
        }
        let told = try problems("./gone.sh")
        #expect(told.map(\.code.name) == ["missing-program"] && told.map(\.severity) == [.warning])
        #expect(try problems("no-such-program").isEmpty)
    }

    @Test("Whatever answers at a function's address will do; silence is a warning")
    func addresses() async throws {
        let weather = try await verdicts(Self.function("http: {url: 'http://weather.test/now'}"))
        #expect(weather == ["tools.f met: `http://weather.test/now` answers"])
        let silent = try await verdicts(Self.function("http: {url: 'http://silent.test/now'}"))
        #expect(silent == ["tools.f limited: function-unreachable"])
        let circle = try await verdicts(Self.function("http: {url: 'http://circle.test/now'}"))
        #expect(circle == ["tools.f limited: function-unreachable"])
    }

    @Test(
        "What a document's address does not give is a warning",
        arguments: [
            ("a.md", "met: `scripted/embed` embeds with vectors of 3 numbers"),
            ("gone.md", "limited: document-unreachable"), ("circle.md", "limited: document-unreachable"),
        ])
    func downloads(file: String, verdict: String) async throws {
        let digest = String(repeating: "0", count: 64)
        let yaml = """
            vectorStores:
              s: {embeddingModel: scripted/embed, documents: [{url: 'http://files.test/\(file)', sha256: '\(digest)'}]}
            """
        #expect(try await verdicts(yaml) == ["vectorStores.s \(verdict)"])
    }

    @Test("Each secret that is missing or cannot be sent is a finding at its tool")
    func secrets() throws {
        let yaml = """
            tools:
              unset: {mcp: {url: 'http://desk.test/mcp', token: {env: UNSET}}}
              odd: {function: {description: d, parameters: {}, http: {url: 'http://desk.test/f', headers: {X-Key: {env: ODD}}}}}
              spare: {mcp: {url: 'http://desk.test/mcp', token: {env: UNSET, optional: true}}}
            """
        let (workflow, _) = try TestStack().declare(yaml)
        let found = Kinds.unusableTokens(in: workflow, environment: ["ODD": "a\nb"])
        #expect(found.map(\.address.description).sorted() == ["tools.odd", "tools.unset"])
        #expect(found.allSatisfy { !$0.isGood && $0.diagnostic?.cause.isIgnorance == false })
    }

    @Test("An apply warns of MCP servers that list nothing to the agents that it changed, and of no other")
    func silentTools() async throws {
        let yaml = """
            tools:
              desk: {mcp: {url: 'http://desk.test/mcp'}}
              gone: {mcp: {url: 'http://silent.test/mcp'}}
            agents:
              a: {model: scripted/llm, instructions: Help., tools: [desk, gone]}
              b: {model: scripted/llm, instructions: Help., tools: [desk]}
            """
        let all = try await probes(yaml, in: nil)
        let told = try await all.silentTools(ofChanged: [Address("agents", "a")])
        #expect(told.map(\.code.name) == ["mcp-unreachable"] && told.map(\.severity) == [.warning])
        #expect(told.first?.detail.contains("http://silent.test/mcp") == true)
        #expect(try await all.silentTools(ofChanged: [Address("agents", "b")]).isEmpty)
        let made: Set = [Address("tools", "gone")]
        #expect(try await all.silentTools(ofChanged: [Address("agents", "a")], without: made).isEmpty)
        #expect(try await all.silentTools(ofChanged: []).isEmpty)

        let unkept = yaml.replacing("tools: [desk, gone]", with: "tools: [desk, gone], log: false")
        let fleeting = try await probes(unkept, in: nil)
        #expect(try await fleeting.silentTools(ofChanged: []).map(\.code.name) == ["mcp-unreachable"])
    }
}
