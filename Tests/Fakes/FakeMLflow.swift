package import Language
import Synchronization
package import Wire

/// An MLflow server in memory: stateful, and refusing what the real one refuses.
///
/// What it answers is compared with what MLflow 3.17.2 answered (`Tests/Fixtures/MLflow`). It can be cut off: from some
/// request on nothing arrives any more, or one answer gets lost.
package final class FakeMLflow: HTTPTransport {
    /// Where the connection breaks; requests are counted from 1.
    package enum Cut: Sendable, Hashable {
        case never
        /// The request and all after it do not arrive: the client was killed, or the network is gone.
        case before(Int)
        /// The request arrives, its answer and everything after it does not.
        case after(Int)
        /// Only the answer of this one request is lost.
        case answer(Int)
    }

    /// One request that arrived.
    package struct Arrival: Sendable, Hashable {
        package var method: String
        package var path: String
        package var body: Value
    }

    package static let base = "http://mlflow.test"

    private struct Shared {
        var store = FakeMLflowStore()
        var cut = Cut.never
        var sent = 0
        var arrivals: [Arrival] = []
    }

    private let shared: Mutex<Shared>

    /// An empty server. A page has at most `pageSize` elements, whatever the client asks for. The version 3.5.1 lacks what
    /// came later. A request with a span of the name `refusedSpan` is refused. `begun` is when its data began, in
    /// milliseconds since 1970; nil when it does not tell.
    package init(
        pageSize: Int = .max, artifactScheme: String = "mlflow-artifacts:", version: String = "3.17.2",
        refusedSpan: String? = nil, begun: Int? = nil
    ) {
        var store = FakeMLflowStore(pageSize: pageSize, artifactScheme: artifactScheme, version: version)
        store.refusedSpan = refusedSpan
        store.experiments[0].created = begun
        shared = Mutex(Shared(store: store))
    }

    /// A server that is asked through this fake, without waits between attempts.
    package func server(attempts: Int = 1) -> MLflowServer {
        MLflowServer(
            Endpoint(
                service: "MLflow", base: Self.base, transport: self,
                retry: RetryPolicy(attempts: attempts, base: .zero)))
    }

    /// Breaks the connection as said, counting from the next request; what is stored stays.
    package func cut(_ cut: Cut) {
        shared.withLock { shared in
            shared.cut = cut
            shared.sent = 0
            shared.arrivals = []
        }
    }

    /// What arrived since the last `cut(_:)`, in order.
    package var arrivals: [Arrival] {
        shared.withLock { $0.arrivals }
    }

    /// What the server holds.
    package var store: FakeMLflowStore {
        shared.withLock { $0.store }
    }

    /// Sets the server's clock, back where that is negative.
    package func setClock(by seconds: Int) {
        shared.withLock { $0.store.setClock(by: seconds) }
    }

    /// Removes a deleted experiment for good with all that it holds, as `mlflow gc` does.
    package func removeForGood(experiment id: String) {
        shared.withLock { $0.store.removeForGood(id) }
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try shared.withLock { shared in
            shared.sent += 1
            let number = shared.sent
            if case .before(let limit) = shared.cut, number >= limit { throw Self.broken }
            if case .after(let limit) = shared.cut, number > limit { throw Self.broken }
            let asked = FakeMLflowRequest(request)
            shared.arrivals.append(Arrival(method: asked.method, path: asked.path, body: asked.body))
            let response = shared.store.response(to: asked)
            if shared.cut == .after(number) || shared.cut == .answer(number) { throw Self.broken }
            return response
        }
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        throw TransportFailure(.broken, "MLflow streams nothing")
    }

    private static let broken = TransportFailure(.broken, "the connection was closed")
}

/// A request as a route reads it.
package struct FakeMLflowRequest {
    var method: String
    var path: String
    var query: [String: String] = [:]
    var body = Value.null
    var bytes: [UInt8]
    private let headers: [(name: String, value: String)]

    package init(_ request: HTTPRequest) {
        headers = request.headers
        method = request.method.rawValue
        bytes = (try? request.body?.collected()) ?? []  // Nobody sends it a file that changes.
        // Behind the host, which is another one on loopback.
        let place = request.url.drop { $0 != ":" }.dropFirst("://".count).drop { $0 != "/" }
        let parts = place.split(separator: "?", maxSplits: 1)
        path = Self.decoded(parts.first ?? "")
        for entry in parts.dropFirst().joined().split(separator: "&") {
            let pair = entry.split(separator: "=", maxSplits: 1)
            query[Self.decoded(pair[0])] = pair.count > 1 ? Self.decoded(pair[1]) : ""
        }
        if path.hasPrefix(FakeMLflowStore.route) || path.hasPrefix(FakeMLflowStore.route3) {
            body = (try? Value(json: bytes)) ?? .null
        }
    }

    private static func decoded(_ text: some StringProtocol) -> String {
        PercentEncoding.decode(String(text))
    }

    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// A text that must be there and not empty.
    func required(_ name: String) throws -> String {
        if let text = query[name] ?? body[name]?.string, !text.isEmpty { return text }
        throw FakeMLflowRefusal.invalid("Missing value for required parameter '\(name)'.")
    }

    func text(_ name: String) -> String? {
        query[name] ?? body[name]?.string
    }

    /// Key and value pairs of the body.
    func pairs(_ name: String) -> [FakeMLflowPair] {
        (body[name]?.array ?? []).map { FakeMLflowPair($0["key"]?.string ?? "", $0["value"]?.string ?? "") }
    }
}

/// An answer that is not a success.
struct FakeMLflowRefusal: Error {
    var status: Int
    var code: String
    var message: String

    static func invalid(_ message: String) -> FakeMLflowRefusal {
        FakeMLflowRefusal(status: 400, code: "INVALID_PARAMETER_VALUE", message: message)
    }

    static func missing(_ message: String) -> FakeMLflowRefusal {
        FakeMLflowRefusal(status: 404, code: "RESOURCE_DOES_NOT_EXIST", message: message)
    }

    static func taken(_ message: String) -> FakeMLflowRefusal {
        FakeMLflowRefusal(status: 400, code: "RESOURCE_ALREADY_EXISTS", message: message)
    }

    /// What the server's database refuses.
    static let constraint = FakeMLflowRefusal(
        status: 400, code: "BAD_REQUEST", message: "(sqlite3.IntegrityError) UNIQUE constraint failed")
}

/// A tag or a parameter.
package struct FakeMLflowPair: Sendable, Hashable {
    package var key: String
    package var value: String

    init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }

    var json: Value {
        ["key": .string(key), "value": .string(value)]
    }
}
