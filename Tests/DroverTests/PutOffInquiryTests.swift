import Fakes
import FoundationEssentials
import Language
import Support
import Synchronization
import Testing
import Wire

/// What is asked about answers, where the server takes no more questions for now.
@Suite("Inquiries that are put off")
struct PutOffInquiryTests {
    /// A Llama Stack that puts off the first embeddings, oftener than requests are usually repeated.
    private final class Busy: HTTPTransport {
        private let ogx = FakeOGX()
        private let asked = Mutex(0)

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            guard request.url.hasSuffix("/embeddings") else { return try await ogx.send(request) }
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            guard number > 8 else { return HTTPResponse(status: 429, headers: [("retry-after", "0")]) }
            let texts = try Value(json: request.body?.collected() ?? [])["input"]?.array ?? []
            let vectors = texts.indices.map { ["index": .integer($0), "embedding": [1, 0]] as Value }
            let answer: Value = ["data": .array(vectors)]
            return HTTPResponse(
                status: 200, headers: [("content-type", "application/json")], body: Array(answer.canonicalJSON.utf8))
        }

        func stream<Result: Sendable>(
            _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
        ) async throws -> Result {
            try await ogx.stream(request, read)
        }
    }

    private static let spec = """
        drover: v1
        stack: busy
        agents: {desk: {model: scripted/llm, instructions: Be kind., log: false}}
        suites:
          manners:
            agent: desk
            cases:
              - name: hello
                input: Hello
                expect: [{similar: {text: Good day, model: scripted/embed, atLeast: 0.9}}]

        """

    @Test("An embedding is asked for again for as long as the server wants it, as an answer is")
    func embeddings() async throws {
        try await LoopbackServer.withServer(serving: Busy()) { stack in
            try await LoopbackServer.withServer(serving: FakeMLflow()) { mlflow in
                try await withTemporaryDirectory { directory in
                    try Data(Self.spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
                    let drover = DroverProgram(
                        in: directory, environment: ["DROVER_MLFLOW_URL": mlflow, "DROVER_LLAMASTACK_URL": stack])
                    let tested = try await drover("test", "--from-spec", "--no-publish")
                    #expect(tested.code == 0, "\(tested.output)\(tested.errors)")
                }
            }
        }
    }
}
