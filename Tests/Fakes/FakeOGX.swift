import FoundationEssentials
package import Language
import Synchronization
package import Wire

/// A Llama Stack or OGX in the process: real state behind the routes that drover uses, refusing what the real one refuses.
///
/// Ids and times are counted, so that two runs are equal. The routes answer as recorded from the version that it plays.
package final class FakeOGX: HTTPTransport {
    /// Answers instead of the server where it returns something: a failure, a lost answer, a strange one.
    package typealias Interception = @Sendable (HTTPRequest) -> ScriptedTransport.Step?

    private struct Life {
        var state: OGXState
        var requests: [String] = []
        var intercept: Interception?
    }

    private let life: Mutex<Life>
    private let token: Secret?
    private let model: FakeModel

    package let version: FakeStackVersion

    /// - Parameters:
    ///   - token: what requests have to carry; nil for none.
    ///   - servers: the tools that MCP servers offer, by URL; any other URL cannot be reached.
    ///   - connectors: the ids of the MCP servers in its configuration.
    package init(
        _ version: FakeStackVersion = .ogx150, token: Secret? = nil, servers: [String: [FakeTool]] = [:],
        connectors: [String] = [], model: @escaping FakeModel = echo
    ) {
        self.version = version
        life = Mutex(Life(state: OGXState(version, servers: servers, connectors: connectors)))
        self.token = token
        self.model = model
    }

    /// The server itself; an endpoint with any base reaches it.
    package var transport: any HTTPTransport {
        self
    }

    /// Every request as `GET /v1/models`, in order, without its query.
    package var requests: [String] {
        life.withLock { $0.requests }
    }

    /// The ids of the responses that are stored now.
    package var storedResponses: [String] {
        life.withLock { $0.state.responses.keys.sorted() }
    }

    /// What the server remembers now.
    var state: OGXState {
        life.withLock { $0.state }
    }

    func change(_ body: (inout OGXState) -> Void) {
        life.withLock { body(&$0.state) }
    }

    /// Sets the server's clock, back where that is negative.
    package func setClock(by seconds: Int) {
        change { $0.offset += seconds }
    }

    /// Lets some requests be answered by other means from now on; nil ends it.
    package func intercept(_ interception: Interception?) {
        life.withLock { $0.intercept = interception }
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let exchange = try FakeExchange(request)
        if let step = note(request, exchange) {
            return try await ScriptedTransport([step]).send(request)
        }
        return reply(to: exchange, request).whole
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        let exchange = try FakeExchange(request)
        if let step = note(request, exchange) {
            return try await ScriptedTransport([step]).stream(request, read)
        }
        let reply = reply(to: exchange, request)
        return try await read(reply.head, ScriptedTransport.chunks(reply.chunks))
    }

    private func note(_ request: HTTPRequest, _ exchange: FakeExchange) -> ScriptedTransport.Step? {
        let intercept = life.withLock { life in
            life.requests.append("\(request.method.rawValue) \(exchange.path)")
            return life.intercept
        }
        return intercept?(request)  // Outside of the lock: it may look at the fake.
    }

    private func reply(to exchange: FakeExchange, _ request: HTTPRequest) -> FakeReply {
        let isOpen = version.tellsErrorsInMessage && ["/v1/version", "/v1/health"].contains(exchange.path)
        if let token, !isOpen, request.authorization != .bearer(token) {
            return .error(401, "Invalid or missing API key")
        }
        return life.withLock { $0.state.reply(to: exchange, model: model) }
    }
}

/// A request taken apart; a file in it is read as it is now.
struct FakeExchange {
    let method: HTTPRequest.Method
    let path: String
    let segments: [String]
    let query: [String: String]
    let bytes: [UInt8]
    let contentType: String

    init(_ request: HTTPRequest) throws {
        let afterScheme = request.url.firstRange(of: "://").map { request.url[$0.upperBound...] } ?? request.url[...]
        let target = afterScheme.drop { $0 != "/" }
        let parts = target.split(separator: "?", maxSplits: 1)
        method = request.method
        path = parts.first.map(String.init) ?? "/"
        segments = path.split(separator: "/").map { FakeExchange.decode($0) }
        let pairs = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1).map { FakeExchange.decode($0) }
            return (sides[0], sides.count > 1 ? sides[1] : "")
        }
        query = Dictionary(pairs) { $1 }
        bytes = try request.body?.collected() ?? []
        contentType = request.headers.last { $0.name == "content-type" }?.value ?? ""
    }

    /// The JSON body; an empty object when there is none.
    var json: [String: Value] {
        (try? Value(json: bytes))?.object ?? [:]  // The fake takes what is no JSON for nothing.
    }

    private static func decode(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What the fake answers: JSON, bytes, or the frames of a stream.
struct FakeReply {
    var status = 200
    var contentType = "application/json"
    var chunks: [[UInt8]]
    /// What went wrong, in the words of the server; told by `told(by:)` as its version does.
    var problem: String?
    /// Where in a request that does not follow the schema, and of which type.
    var invalid: (place: String, type: String)?

    static func json(_ value: Value, status: Int = 200) -> FakeReply {
        FakeReply(status: status, chunks: [Array(value.canonicalJSON.utf8)])
    }

    static func error(_ status: Int, _ message: String) -> FakeReply {
        var reply = FakeReply.json(["error": ["message": .string(message)]], status: status)
        reply.problem = message
        return reply
    }

    /// The same as a version tells it: before 0.6 in `detail`.
    func told(by version: FakeStackVersion) -> FakeReply {
        guard let problem, !version.tellsErrorsInMessage, version != .llamaStack061, status != 401 else { return self }
        guard let invalid else {
            let text = status == 400 ? "Invalid value: \(problem)" : problem
            return version == .llamaStack054
                ? .json(["error": ["detail": .string(text)]], status: status) : .detail(status, text)
        }
        let loc = invalid.place.split(separator: ", ").map { Value.string(String($0.dropFirst().dropLast())) }
        let error: Value = ["loc": .array(loc), "msg": .string(problem), "type": .string(invalid.type)]
        return .json(["error": ["detail": ["errors": [error]]]], status: status)
    }

    /// The same as the files of 0.4 tell it, which were the first to be told apart.
    func toldByFiles(of version: FakeStackVersion) -> FakeReply {
        guard version == .llamaStack047, let problem, invalid == nil else { return self }
        return .json(["error": ["detail": .string(problem)]], status: status)
    }

    /// FastAPI's own errors, and those of the responses.
    static func detail(_ status: Int, _ message: String) -> FakeReply {
        .json(["detail": .string(message)], status: status)
    }

    /// A body or query that does not follow the schema: told as Python prints it.
    static func invalid(_ place: String, _ message: String, type: String) -> FakeReply {
        var reply = FakeReply.error(400, "{'errors': [{'loc': [\(place)], 'msg': '\(message)', 'type': '\(type)'}]}")
        reply.problem = message
        reply.invalid = (place, type)
        return reply
    }

    static func frames(_ frames: [Value]) -> FakeReply {
        FakeReply(
            contentType: "text/event-stream; charset=utf-8",
            chunks: frames.map { Array("data: \($0.canonicalJSON)\n\n".utf8) }
        )
    }

    var head: HTTPResponse {
        HTTPResponse(status: status, headers: [("content-type", contentType)])
    }

    var whole: HTTPResponse {
        HTTPResponse(status: status, headers: [("content-type", contentType)], body: chunks.flatMap { $0 })
    }
}
