import Fakes
import Foundation
import Language
import Testing
import Wire

/// How an MLflow server is reached: what stands between it and us, and what it says when it does not let us in.
@Suite("Connections to MLflow")
struct MLflowConnectionTests {
    /// Serves a fake below a prefix, to those who show the right credential.
    private static func withMLflow<R: Sendable>(
        isSecure: Bool = false, prefix: String = "", authorization: String? = nil,
        _ body: @escaping @Sendable (String) async throws -> R
    ) async throws -> R {
        let fake = FakeMLflow()
        return try await LoopbackServer.withServer(
            isSecure: isSecure,
            { request in
                let path = request.url.dropFirst("http://127.0.0.1".count)
                guard path.hasPrefix(prefix + "/") else { return reply(HTTPResponse(status: 404)) }
                guard authorization == nil || request.authorization?.revealed == authorization else {
                    return reply(notAuthenticated)
                }
                var passed = request
                passed.url = FakeMLflow.base + path.dropFirst(prefix.count)
                return reply(try await fake.send(passed))
            }, body)
    }

    private static func reply(_ response: HTTPResponse) -> LoopbackServer.Reply {
        LoopbackServer.Reply(
            status: response.status, headers: response.headers,
            chunks: AsyncThrowingStream { continuation in
                continuation.yield(response.body)
                continuation.finish()
            })
    }

    /// As MLflow 3.17.2 and 3.18.0 say it with `--app-name basic-auth`.
    private static let notAuthenticated = HTTPResponse(
        status: 401,
        headers: [
            ("content-type", "text/html; charset=utf-8"), ("www-authenticate", "Basic realm=\"mlflow\""),
        ],
        body: Array(
            "You are not authenticated. Please see https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow on how to authenticate."
                .utf8))

    private static let denied = HTTPResponse(
        status: 403, headers: [("content-type", "text/html; charset=utf-8")], body: Array("Permission denied".utf8))

    private static let wrongHost = HTTPResponse(
        status: 403, headers: [("content-type", "text/plain; charset=utf-8")],
        body: Array("Invalid Host header - possible DNS rebinding attack detected".utf8))

    /// Creates an experiment and finds it again, over a real connection.
    private static func use(_ base: String, _ authorization: Secret? = nil, tls: TLSOptions = TLSOptions()) async throws
    {
        try await AsyncHTTPTransport.withTransport(tls: tls) { transport in
            let server = MLflowServer(
                Endpoint(
                    service: "MLflow", base: base, transport: transport, authorization: authorization, retry: .never))
            #expect(try await server.checkedVersion() == "3.17.2")
            let id = try await server.createExperiment("a")
            #expect(try await server.experiments(where: MLflowFilter.name("a")).map(\.id) == [id])
        }
    }

    @Test("A server behind a proxy with a path prefix is reached")
    func prefix() async throws {
        try await Self.withMLflow(prefix: "/ml/flow") { try await Self.use($0 + "/ml/flow/") }
    }

    @Test("User and password, or a token, are sent with every request")
    func credentials() async throws {
        try await Self.withMLflow(authorization: "Basic Ym9iOnBhc3M=") { base in
            try await Self.use(base, Secret.basic(user: "bob", password: Secret("pass")))
        }
        try await Self.withMLflow(authorization: "Basic Ym9iOnBhc3M=") { base in
            try await Self.use(base.replacing("://", with: "://bob:pass@"))
        }
        try await Self.withMLflow(authorization: "Bearer t0ken") { base in
            try await Self.use(base, Secret.bearer(Secret("t0ken")))
            let refused = await #expect(throws: WireError.self) { try await Self.use(base) }
            #expect(refused?.status == 401)
            #expect(refused?.diagnostic().fix?.contains("`servers.mlflow`") == true)
        }
    }

    @Test(
        "A certificate of an own authority is trusted with its file, or when all are, and else refused with the reason")
    func tls() async throws {
        let file = URL.temporaryDirectory.appending(path: "drover-ca-\(UUID().uuidString).pem")
        try Data(LoopbackIdentity.authority.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await Self.withMLflow(isSecure: true) { base in
            try await Self.use(base, tls: TLSOptions(caFile: file.path))
        }
        try await Self.withMLflow(isSecure: true) { base in
            try await Self.use(base, tls: TLSOptions(acceptsAnyCertificate: true))
        }
        try await Self.withMLflow(isSecure: true) { base in
            let refused = await #expect(throws: WireError.self) { try await Self.use(base) }
            let told = try #require(refused?.diagnostic())
            #expect(told.code == "tls-failure")
            #expect(told.detail.contains("the server's certificate is not trusted"))
            #expect(told.fix?.contains("servers.mlflow.tls.caFile") == true)
        }
    }

    private static func server(_ answers: [HTTPResponse]) -> MLflowServer {
        MLflowServer(
            Endpoint(
                service: "MLflow", base: "http://mlflow:5000",
                transport: ScriptedTransport(answers.map { .response($0) }), retry: .never))
    }

    @Test("Without credentials, the server's words are told, and what to set")
    func notAuthenticated() async throws {
        let server = Self.server([Self.notAuthenticated, Self.notAuthenticated])
        let error = await #expect(throws: WireError.self) { try await server.checkedVersion() }
        let told = try #require(error?.diagnostic())
        #expect(told.summary == "The server wants a credential")
        #expect(told.detail.contains("You are not authenticated."))
        #expect(told.detail.contains("`GET /version`"))
    }

    @Test("A right that is missing is told as that")
    func permissionDenied() async throws {
        let server = Self.server([Self.denied])
        let error = await #expect(throws: WireError.self) { try await server.setExperimentTag("1", "k", to: "v") }
        let told = try #require(error?.diagnostic())
        #expect(told.summary == "The server denied access")
        #expect(told.detail.contains("MLflow said: Permission denied (status 403)"))
        #expect(told.fix?.hasPrefix("Ask for the right") == true)
    }

    @Test("A host name that the server does not allow is told with the option that allows it")
    func hostName() async throws {
        let version = HTTPResponse(status: 200, body: Array("3.17.2".utf8))
        let server = Self.server([version, Self.wrongHost])
        #expect(try await server.checkedVersion() == "3.17.2")
        let error = await #expect(throws: WireError.self) { try await server.experiments() }
        let told = try #require(error?.diagnostic())
        #expect(told.summary == "The server refused the host name")
        #expect(told.fix?.contains("`--allowed-hosts` and the host name in `http://mlflow:5000`") == true)
    }

    @Test("A version that is kept from us is no reason to stop, unless the server is older than 3")
    func hiddenVersion() async throws {
        let empty = HTTPResponse(status: 200, headers: [("content-type", "application/json")], body: Array("{}".utf8))
        #expect(try await Self.server([Self.denied, empty]).checkedVersion() == "3 (not told)")
        let unknown = HTTPResponse(
            status: 404, headers: [("content-type", "text/html")], body: Array("<title>404 Not Found</title>".utf8))
        let old = await #expect(throws: Diagnostic.self) {
            try await Self.server([Self.denied, unknown]).checkedVersion()
        }
        #expect(old?.code == "old-mlflow")
        #expect(old?.cause == .lacking)
    }

    @Test("MLflow 2.22 is refused with its version, and what is no MLflow with its address")
    func otherServers() async throws {
        let old = await #expect(throws: Diagnostic.self) {
            try await Self.server([HTTPResponse(status: 200, body: Array("2.22.5".utf8))]).checkedVersion()
        }
        #expect(old?.detail == "`http://mlflow:5000` is MLflow 2.22.5, and drover needs 3.5.1 or later.")
        let page = HTTPResponse(
            status: 200, headers: [("content-type", "text/html")], body: Array("<html><title>Sign in</title>".utf8))
        let other = await #expect(throws: Diagnostic.self) { try await Self.server([page]).checkedVersion() }
        #expect(other?.code == "not-mlflow")
    }
}
