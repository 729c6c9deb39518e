import Fakes
import Foundation
import Language
import Support
import Testing

@testable import Wire

@Suite("Where the servers are")
struct ServerSettingsTests {
    private typealias Addresses<Address: Sendable> = ServerSettings.Addresses<Address>

    @Test("What was given wins, then the variable, then the lab, then the default")
    func precedence() {
        let flag = ServerLocation(url: "http://given:1", origin: "a flag")
        let variables = ["MLFLOW_TRACKING_URI": "http://variable:1", "LLAMASTACK_BASE_URL": ""]
        let lab = Addresses(llamaStack: "http://lab:1", mlflow: "http://lab:2")
        #expect(settings(variables, Addresses(mlflow: flag), lab: lab).mlflowLocation == flag)
        #expect(settings(variables, lab: lab).mlflowLocation.origin == "MLFLOW_TRACKING_URI")
        let inLab = settings(variables, lab: lab).llamaStackLocation
        #expect(inLab == ServerLocation(url: "http://lab:1", origin: "the lab"))
        let assumed = settings([:]).llamaStackLocation
        #expect(assumed == ServerLocation(url: "http://localhost:8321", origin: "the default"))
        #expect(!assumed.isSaid)
    }

    @Test("An address that cannot be used is told with where it comes from, before anything is sent")
    func unusable() async {
        let connector = Connector(settings(["MLFLOW_TRACKING_URI": "localhost"]))
        let diagnostic = await #expect(throws: Diagnostic.self) {
            try await connector.withTransports { transports in
                _ = try await connector.connectMLflow(transports.mlflow)
            }
        }
        #expect(diagnostic?.code == "bad-url")
        #expect(diagnostic?.detail.contains("MLFLOW_TRACKING_URI") == true)
    }

    @Test("A certificate of our own, and trust in any, are for the server that they stand at alone")
    func others() throws {
        let settings = ServerSettings(
            spec: nil, folder: SpecFolder(root: "/") { _ in "/" },
            environment: ["SSL_CERT_FILE": "/ca.pem", "MLFLOW_TRACKING_INSECURE_TLS": "true"], given: Addresses(),
            lab: Addresses())
        #expect(settings.otherTLS == TLSOptions(caFile: "/ca.pem"))
        #expect(settings.mlflowTLS.acceptsAnyCertificate && !settings.llamaStackTLS.acceptsAnyCertificate)
    }

    @Test("MLflow's own client gets our certificate with its key in one file, which is made where they are in two")
    func clientCertificate() async throws {
        try await withTemporaryDirectory { directory in
            for (name, text) in [("client.pem", "CERTIFICATE\n"), ("client.key", "KEY"), ("both.pem", "BOTH")] {
                try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
            }
            func path(_ certificate: String, _ key: String) throws -> String? {
                var problems = Problems()
                let tls = map([("certFile", text(certificate)), ("keyFile", text(key))])
                let spec = ServersSpec.key.read(
                    map([("mlflow", map([("url", text("https://m:1")), ("tls", tls)]))]), reporting: &problems)
                let settings = ServerSettings(
                    spec: spec, folder: SpecFolder(root: directory) { _ in directory }, environment: [:],
                    given: Addresses(), lab: Addresses())
                return try Connector(settings).clientEnvironment(certificateAt: "\(directory)/joined")[
                    "MLFLOW_TRACKING_CLIENT_CERT_PATH"]
            }
            #expect(try path("both.pem", "both.pem") == "\(directory)/both.pem")
            #expect(!FileManager.default.fileExists(atPath: "\(directory)/joined"))
            #expect(try path("client.pem", "client.key") == "\(directory)/joined")
            let joined = try FileBytes.read("\(directory)/joined", atMost: 1 << 10)
            #expect(String(decoding: joined, as: UTF8.self) == "CERTIFICATE\n\nKEY\n")
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/joined")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("A logged agent that is asked gets the TLS settings of the spec, which win over the environment's")
    func llamaStackTLSOfLoggedAgents() throws {
        func variables(_ tls: [(name: String, value: Node)]) throws -> [String: String] {
            var problems = Problems()
            let spec = ServersSpec.key.read(
                map([("llamastack", map([("url", text("https://l:1")), ("tls", map(tls))]))]), reporting: &problems)
            let settings = ServerSettings(
                spec: spec, folder: SpecFolder(root: "/stack") { _ in "/stack" },
                environment: ["LLAMASTACK_CA_FILE": "/inherited.pem", "LLAMASTACK_INSECURE": "1"], given: Addresses(),
                lab: Addresses())
            return try Connector(settings).clientEnvironment(certificateAt: "/nowhere/joined")
                .filter { $0.key.hasPrefix("LLAMASTACK_") && $0.key != "LLAMASTACK_BASE_URL" }
        }
        let files: [(name: String, value: Node)] = [
            ("caFile", text("ca.pem")), ("certFile", text("own.pem")), ("keyFile", text("own.key")),
        ]
        #expect(
            try variables(files) == [
                "LLAMASTACK_CA_FILE": "/stack/ca.pem", "LLAMASTACK_CLIENT_CERT": "/stack/own.pem",
                "LLAMASTACK_CLIENT_KEY": "/stack/own.key",
            ])
        #expect(
            try variables([("insecure", Node(.bool(true), at: range))]) == [
                "LLAMASTACK_CA_FILE": "/inherited.pem", "LLAMASTACK_INSECURE": "1",
            ])
        #expect(try variables([("caFile", text("ca.pem"))]) == ["LLAMASTACK_CA_FILE": "/stack/ca.pem"])
    }

    private let range = SourceRange.start(of: SourceID(index: 0))

    private func text(_ text: String) -> Node {
        Node(.string(text), at: range)
    }

    private func map(_ entries: [(name: String, value: Node)]) -> Node {
        Node(.mapping(entries.map { Node.Entry(key: $0.name, keyRange: range, value: $0.value) }), at: range)
    }

    /// A secret as an environment variable holds it, and the header that is sent with it; nil when it is refused.
    private static let tokens: [(String, String?)] = [
        ("k-123", "Bearer k-123"), ("k-123\n", "Bearer k-123"), ("k-123\r\n\r\n", "Bearer k-123"),
        ("k-1\r\n23", nil), ("k-1\u{0}23", nil), ("\nk-123", nil),
    ]

    @Test(
        "Line ends behind a token are trimmed; one that fits no header is refused before anything is sent",
        arguments: tokens)
    func token(token: String, header: String?) async throws {
        let transport = ScriptedTransport([.response(HTTPResponse(status: 200, body: Array("3.17.2".utf8)))])
        let connector = Connector(
            settings(["MLFLOW_TRACKING_URI": "http://mlflow.test", "MLFLOW_TRACKING_TOKEN": token]))
        do {
            _ = try await connector.connectMLflow(transport)
            #expect(transport.requests.map { $0.authorization?.revealed } == [header])
        } catch let diagnostic as Diagnostic {
            #expect(header == nil && diagnostic.code == "unusable-secret")
            #expect(!diagnostic.detail.contains("k-1"))
            #expect(transport.requests.isEmpty)
        }
    }

    @Test("As whom a server is asked is told with where that comes from, and never by a secret")
    func user() async throws {
        let place = ["MLFLOW_TRACKING_URI": "http://mlflow.test"]
        let login = ["MLFLOW_TRACKING_USERNAME": "alice", "MLFLOW_TRACKING_PASSWORD": "hunter2"]
        let token = ["MLFLOW_TRACKING_TOKEN": "k-123"]
        for (more, user) in [
            ([:], nil), (login, "alice (MLFLOW_TRACKING_USERNAME)"), (token, "the owner of MLFLOW_TRACKING_TOKEN"),
            (login.merging(token) { first, _ in first }, "alice (MLFLOW_TRACKING_USERNAME)"),
        ] as [([String: String], String?)] {
            let transport = ScriptedTransport([.response(HTTPResponse(status: 200, body: Array("3.17.2".utf8)))])
            let found = try await Connector(settings(place.merging(more) { first, _ in first }))
                .connectMLflow(transport).found
            #expect(found.user == user)
            let told = user.map { ", as \($0)" } ?? ""
            #expect(found.place == "http://mlflow.test (MLFLOW_TRACKING_URI)\(told)")
        }
    }

    @Test("What the spec says of a login wins over the environment's, which may be another server's")
    func specFirst() throws {
        let environment = [
            "MLFLOW_TRACKING_USERNAME": "env", "MLFLOW_TRACKING_PASSWORD": "hunter2", "MLFLOW_TRACKING_TOKEN": "k-1",
            "SPEC_TOKEN": "k-2", "SPEC_PASSWORD": "hunter3",
        ]
        let secret = { (name: String) in self.map([("env", self.text(name))]) }
        let (user, password) = (("username", text("spec")), ("password", secret("SPEC_PASSWORD")))
        let token = ("token", secret("SPEC_TOKEN"))
        for (fields, header) in [
            ([token], "Bearer k-2"),
            ([user, password], Secret.basic(user: "spec", password: Secret("hunter3")).revealed),
            ([user, password, token], Secret.basic(user: "spec", password: Secret("hunter3")).revealed),
            ([user], Secret.basic(user: "spec", password: Secret("hunter2")).revealed),
            ([], Secret.basic(user: "env", password: Secret("hunter2")).revealed),
        ] {
            var problems = Problems()
            let spec = ServersSpec.key.read(
                map([("mlflow", map([("url", text("https://m:1"))] + fields))]), reporting: &problems)
            let settings = ServerSettings(
                spec: spec, folder: SpecFolder(root: "/") { _ in "/" }, environment: environment, given: Addresses(),
                lab: Addresses())
            #expect(try Connector(settings).mlflowLogin()?.authorization.revealed == header)
        }
    }

    private func settings(
        _ environment: [String: String], _ given: Addresses<ServerLocation> = Addresses(),
        lab: Addresses<String> = Addresses()
    ) -> ServerSettings {
        ServerSettings(
            spec: nil, folder: SpecFolder(root: "/") { _ in "/" }, environment: environment, given: given, lab: lab)
    }
}
