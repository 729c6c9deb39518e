import Fakes
import FoundationEssentials
import Language
import Support
import Synchronization
import Testing
import Wire

/// Secrets that are planted everywhere where a spec takes one, with servers that repeat all that they are sent.
@Suite("Planted secrets")
struct PlantedSecretsTests {
    /// Twenty, by the variable or, for the key, the file that each is read from.
    private static let secrets = {
        var secrets = [
            "PLANT_KEY": "planted-key-4711", "PLANT_TOKEN": "planted-token-4713", "PLANT_OTHER": "planted=other&4717",
            "PLANT_MLFLOW": "planted-mlflow-4716",
        ]
        for number in 1...6 { secrets["PLANT_PROVIDER\(number)"] = "planted/provider+\(number)4712" }
        for number in 1...4 { secrets["PLANT_HEADER\(number)"] = "planted\"header-\(number)4714" }
        for number in 1...6 { secrets["PLANT_FUNCTION\(number)"] = "planted function \(number)4715" }
        return secrets
    }()

    private static func entries(_ header: String, _ variable: String, _ numbers: ClosedRange<Int>) -> String {
        numbers.map { "\(header)\($0): {env: \(variable)\($0)}" }.joined(separator: ", ")
    }

    private static func spec(_ stack: String, _ mlflow: String) -> String {
        """
        drover: v1
        stack: planted
        servers:
          llamastack: {url: "\(stack)", apiKey: {file: key.txt}, providerData: {\(entries("key", "PLANT_PROVIDER", 1...6))}}
          mlflow: {url: "\(mlflow)", token: {env: PLANT_MLFLOW}}
        experiments: {e: {}}
        tools:
          desk:
            mcp:
              url: "\(stack)/mcp"
              token: {env: PLANT_TOKEN}
              headers: {\(entries("X-Plant", "PLANT_HEADER", 1...4)), X-Team: support}
          office:
            mcp: {url: "\(stack)/mcp/office", token: {env: PLANT_OTHER}}
          weather:
            function:
              description: Weather
              parameters: {type: object, properties: {city: {type: string}}}
              http: {url: "\(stack)/weather", headers: {\(entries("X-Plant", "PLANT_FUNCTION", 1...6))}}
        agents:
          support: {model: scripted/llm, instructions: Be brief., tools: [desk, office, weather], log: {experiment: e}}
        suites:
          smoke:
            agent: support
            cases:
              - {name: parrot, input: Tell me, expect: [{equals: Nothing}, {calledTool: {name: nothing}}]}
              - {name: function, input: How is the weather, expect: [{equals: Nothing}]}
              - {name: refused, input: refuse this, expect: [{equals: Nothing}]}
              - {name: broken, input: break this, expect: [{equals: Nothing}]}

        """
    }

    /// A Llama Stack that repeats each question with all its headers: in its answers whole and cut into pieces, in what its
    /// tools return, and in its refusals.
    private struct Parrot: HTTPTransport {
        let ogx = FakeOGX()
        /// The headers of MCP servers, functions and Llama Stack that carried a secret.
        let seen = Seen()

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            seen.note(request)
            let path = request.url.dropFirst("http://127.0.0.1".count)
            let said = Self.said(request)
            if path.hasPrefix("/weather") { return HTTPResponse(status: 200, body: Array(said.utf8)) }
            if path.hasPrefix("/mcp") {
                let message = try Value(json: request.body?.collected() ?? [])
                guard message["method"] == "tools/list" else {
                    return Self.json(200, ["jsonrpc": "2.0", "result": [:]])
                }
                return Self.json(200, ["jsonrpc": "2.0", "id": 1, "result": ["tools": [["name": .string(said)]]]])
            }
            guard path == "/v1/responses" else { return try await ogx.send(request) }
            let body = try Value(json: request.body?.collected() ?? [])
            let input = body["input"]?.canonicalJSON ?? ""
            if input.contains("refuse") { return Self.json(400, ["error": ["message": .string(said)]]) }
            if input.contains("break") {
                return Self.stream([["type": "error", "code": "500", "message": .string(said)]])
            }
            let isCall = input.contains("weather") && !input.contains("function_call_output")
            return Self.stream(isCall ? Self.call : Self.answer(said))
        }

        func stream<Result: Sendable>(
            _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
        ) async throws -> Result {
            let response = try await send(request)
            return try await read(
                HTTPResponse(status: response.status, headers: response.headers),
                ScriptedTransport.chunks([response.body]))
        }

        private static func said(_ request: HTTPRequest) -> String {
            let headers = request.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
            let body = String(decoding: (try? request.body?.collected()) ?? [], as: UTF8.self)
            let all = Array((headers + body).utf8)
            return """
                \(headers)
                \(body)
                \(Data(all).base64EncodedString())
                \(hex(all))
                \(PercentEncoding.segment(headers + body))
                """
        }

        private static var call: [Value] {
            let item: Value = [
                "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather",
                "arguments": #"{"city":"Rome"}"#,
            ]
            return [
                ["type": "response.output_item.done", "item": item],
                ["type": "response.completed", "response": ["id": "r", "status": "completed", "output": [item]]],
            ]
        }

        private static func answer(_ said: String) -> [Value] {
            let tool: Value = [
                "type": "mcp_call", "id": "m1", "name": "look", "server_label": "desk", "arguments": .string(said),
                "output": .string(said), "error": .null,
            ]
            let message: Value = [
                "type": "message", "id": "msg", "role": "assistant",
                "content": [["type": "output_text", "text": .string(said), "annotations": []]],
            ]
            var frames: [Value] = [["type": "response.output_item.done", "item": tool]]
            var rest = said.unicodeScalars[...]
            while !rest.isEmpty {
                let piece = String(String.UnicodeScalarView(rest.prefix(5)))
                frames.append(["type": "response.output_text.delta", "item_id": "msg", "delta": .string(piece)])
                rest = rest.dropFirst(5)
            }
            let whole: Value = ["id": "r", "status": "completed", "output": [tool, message]]
            return frames + [["type": "response.completed", "response": whole]]
        }

        private static func json(_ status: Int, _ value: Value) -> HTTPResponse {
            HTTPResponse(
                status: status, headers: [("content-type", "application/json")], body: Array(value.canonicalJSON.utf8))
        }

        private static func stream(_ frames: [Value]) -> HTTPResponse {
            HTTPResponse(
                status: 200, headers: [("content-type", "text/event-stream")],
                body: Array(frames.map { "data: \($0.canonicalJSON)\n\n" }.joined().utf8))
        }
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// An MLflow that remembers the bodies that it was sent.
    private struct Listening: HTTPTransport {
        let mlflow = FakeMLflow()
        let seen = Seen()

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            seen.note(request)
            var there = request
            there.url = FakeMLflow.base + request.url.dropFirst("http://127.0.0.1".count)
            return try await mlflow.send(there)
        }

        func stream<Result: Sendable>(
            _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
        ) async throws -> Result {
            throw TransportFailure(.broken, "MLflow streams nothing")
        }
    }

    private final class Seen: Sendable {
        private let all = Mutex<(headers: String, bodies: String)>(("", ""))

        func note(_ request: HTTPRequest) {
            let headers = request.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
            let body = String(decoding: (try? request.body?.collected()) ?? [], as: UTF8.self)
            all.withLock { all in
                all.headers += headers + "\n"
                all.bodies += "\(request.url)\n\(body)\n"
            }
        }

        var headers: String { all.withLock { $0.headers } }
        var bodies: String { all.withLock { $0.bodies } }
    }

    /// What stands in a text of the secrets: as they are, as JSON, URLs or hexadecimal spell them, or in base64 wherever it
    /// begins.
    private static func found(in text: String) -> [String] {
        let lowered = text.lowercased()
        return secrets.filter { _, secret in
            let spelled = Value.string(secret).canonicalJSON.dropFirst().dropLast()
            let encoded = (0..<3).map { offset in
                let bytes = [UInt8](repeating: 0x20, count: offset) + Array(secret.utf8)
                return Data(bytes).base64EncodedString().dropFirst(offset == 0 ? 0 : 4).prefix(12)
            }
            let urls = encoded.map { $0.replacing("+", with: "-").replacing("/", with: "_") }
            let percented = PercentEncoding.segment(secret).lowercased()
            let forms = [percented, percented.replacing("%20", with: "+")]
            return text.contains(secret) || text.contains(spelled) || encoded.contains { text.contains($0) }
                || urls.contains { text.contains($0) } || (forms + [hex(secret.utf8)]).contains { lowered.contains($0) }
        }.map(\.key).sorted()
    }

    /// What is run in this order, through everything that prints or keeps something.
    private static let commands = [
        "render", "validate", "doctor", "plan", "plan --format json", "plan --format markdown", "graph",
        "up --yes --no-lock --record file:record.json --report json=r.json --report junit=r.xml",
        "history --record file:record.json", "history show 1 --record file:record.json",
        "destroy --yes --no-lock --record file:record.json",
        "plan --out plan.json", "show plan.json", "show plan.json --format json", "show plan.json --format markdown",
        "apply plan.json --yes --no-lock --format json", "history", "history show 1", "history show 1 --format json",
        "state show", "output", "drift", "drift --deep", "apply --yes --no-lock --format json",
    ]
    private static let questions = ["Tell me", "How is the weather", "refuse this", "break this"]

    private static func files(in directory: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory).filter { path in
            var isDirectory = false
            return FileManager.default.fileExists(atPath: "\(directory)/\(path)", isDirectory: &isDirectory)
                && !isDirectory
        }
    }

    @Test("Are sent to whom they are for, and are in no output, report, record, artifact, tag or trace")
    func planted() async throws {
        let (parrot, listening) = (Parrot(), Listening())
        try await LoopbackServer.withServer(serving: parrot) { stack in
            try await LoopbackServer.withServer(serving: listening) { mlflow in
                try await withTemporaryDirectory { directory in
                    try Data(Self.spec(stack, mlflow).utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
                    try Data("planted-key-4711\n".utf8).write(to: URL(filePath: "\(directory)/key.txt"))
                    let drover = DroverProgram(
                        in: directory, environment: Self.secrets.filter { $0.key != "PLANT_KEY" })
                    var told: [String] = []
                    let asked = Self.questions.map { ["invoke", "support", $0, "--spec", "drover.yaml"] }
                    for arguments in Self.commands.map({ $0.split(separator: " ").map(String.init) }) + asked {
                        let ended = try await drover.run(DroverProgram.path, arguments)
                        let output = ended.output + ended.errors
                        #expect(Self.found(in: output) == [], "\(arguments): \(output.prefix(3000))")
                        #expect(ended.code != 3 && ended.code != 64, "\(arguments): \(output.prefix(3000))")
                        told.append(output)
                    }
                    #expect(told.contains { $0.contains(SentSecrets.mark) }, "The parrot was heard.")
                    let left = try Self.files(in: directory).filter { !["drover.yaml", "key.txt"].contains($0) }
                    let kept = ["spec.yaml", "plan.json", "results.json", "applied.json", "files.json"].map {
                        "record.runs/1/\($0)"
                    }
                    let expected = ["plan.json", "record.json", "r.json", "r.xml"] + kept
                    #expect(expected.filter { !left.contains($0) } == [], "\(left): \(told)")
                    for file in left {
                        let bytes = try FileBytes.read("\(directory)/\(file)", atMost: 16 << 20)
                        #expect(Self.found(in: String(decoding: bytes, as: UTF8.self)) == [], "\(file)")
                    }
                }
            }
        }
        #expect(Self.found(in: listening.seen.bodies) == [])
        #expect(listening.seen.bodies.contains("PLANT_HEADER1"), "The logged agent names the variable.")
        let sent = parrot.seen.headers + parrot.seen.bodies
        #expect(Self.found(in: sent) == Self.secrets.keys.filter { $0 != "PLANT_MLFLOW" }.sorted())
        #expect(!sent.contains("planted-mlflow"))
    }

    @Test("One that is short is told by validate, and withholds the words of whoever repeats it")
    func short() async throws {
        let parrot = Parrot()
        try await LoopbackServer.withServer(serving: parrot) { stack in
            try await withTemporaryDirectory { directory in
                let spec = Self.spec(stack, stack).replacing(", log: {experiment: e}", with: ", log: false")
                    .replacing("experiments: {e: {}}\n", with: "")
                try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
                var short = Self.secrets
                short["PLANT_HEADER1"] = "q7x"
                try Data("planted-key-4711\n".utf8).write(to: URL(filePath: "\(directory)/key.txt"))
                let drover = DroverProgram(in: directory, environment: short)
                let checked = try await drover("validate", "drover.yaml")
                #expect(checked.code == 0 && checked.errors.contains("short-secret"), "\(checked.errors)")
                #expect(checked.errors.contains("PLANT_HEADER1") && !checked.errors.contains("q7x"))
                let asked = try await drover("invoke", "support", "refuse this", "--spec", "drover.yaml", "--no-trace")
                #expect(!asked.errors.contains("q7x") && asked.errors.contains("withheld"), "\(asked.errors)")
            }
        }
        let unset = DroverProgram(in: packageRoot)
        let quickstart = try await unset("validate", "specs/quickstart")
        #expect(quickstart.errors == "", "A secret that is not set is no matter.")
    }
}
