import Fakes
import FoundationEssentials
import Language
import Support
import Testing
import Wire

@testable import Serving

@Suite("Protected server", .timeLimit(.minutes(20)))
struct ProtectedServerTests {
    private static let question = #"{"input":[{"role":"user","content":"Hi"}]}"#

    @Test("Without tokens a web page of another server may not ask; one of this server may")
    func foreignPage() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            for origin in ["http://evil.example", "null", "https://127.0.0.1:1"] {
                let answer = try await server.post(Self.question, headers: [(name: "origin", value: origin)])
                #expect(answer.status == 403 && answer.json["error"]?["code"] == "foreign_origin", "\(origin)")
            }
            let own = try await server.post(Self.question, headers: [(name: "origin", value: server.url)])
            #expect(own.status == 200)
        }
    }

    @Test("With a certificate it serves by TLS; files that are none are named")
    func tls() async throws {
        try await withTemporaryDirectory { directory in
            let (certificate, key) = ("\(directory)/cert.pem", "\(directory)/key.pem")
            try Data(LoopbackIdentity.certificate.utf8).write(to: URL(filePath: certificate))
            try Data(LoopbackIdentity.key.utf8).write(to: URL(filePath: key))
            let authority = "\(directory)/authority.pem"
            try Data(LoopbackIdentity.authority.utf8).write(to: URL(filePath: authority))
            let shown = try Certificate(certificates: certificate, key: key)
            try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.certificate = shown }) {
                server in
                let url = server.url.replacing("http:", with: "https:")
                let answer = try await AsyncHTTPTransport.withTransport(tls: TLSOptions(caFile: authority)) {
                    client in
                    try await client.send(HTTPRequest(.post, url + "/invocations", body: Array(Self.question.utf8)))
                }
                #expect(answer.status == 200)
                await #expect(throws: TransportFailure.self) { try await server.post(Self.question) }
            }
            let (other, otherKey) = ("\(directory)/other.pem", "\(directory)/other-key.pem")
            try Data(LoopbackIdentity.clientCertificate.utf8).write(to: URL(filePath: other))
            try Data(LoopbackIdentity.clientKey.utf8).write(to: URL(filePath: otherKey))
            for (first, second, told) in [
                (key, key, "`\(key)` cannot be used: it has no certificates"),
                (certificate, certificate, "`\(certificate)` cannot be used: it has no private key"),
                ("none", key, "`none` cannot be used: it is not there."),
                (certificate, otherKey, "`\(otherKey)` cannot be used: its key is not that of"),
            ] {
                let error = #expect(throws: Diagnostic.self) { try Certificate(certificates: first, key: second) }
                #expect(error?.detail.contains(told) == true, "\(error?.detail ?? "")")
            }
        }
    }

    @Test("A certificate that was read again is shown to the next connection; one that cannot be used changes nothing")
    func newCertificate() async throws {
        try await withTemporaryDirectory { directory in
            let (certificate, key) = ("\(directory)/cert.pem", "\(directory)/key.pem")
            let authority = "\(directory)/authority.pem"
            @Sendable func put(_ text: String, _ path: String) throws {
                try Data(text.utf8).write(to: URL(filePath: path))
            }
            try put(LoopbackIdentity.authority, authority)
            try put(LoopbackIdentity.clientCertificate, certificate)
            try put(LoopbackIdentity.clientKey, key)
            let shown = try Certificate(certificates: certificate, key: key)
            var watch = FileWatch(shown.stamps)
            let early = watch.hasChanged(shown.stamps)
            #expect(!early)
            try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.certificate = shown }) {
                server in
                let url = server.url.replacing("http:", with: "https:") + "/health"
                let isTrusted = { @Sendable () async throws -> Bool in
                    try await AsyncHTTPTransport.withTransport(tls: TLSOptions(caFile: authority)) { client in
                        // Whatever keeps it from being trusted.
                        (try? await client.send(HTTPRequest(.get, url))) != nil
                    }
                }
                #expect(try await !isTrusted())
                try put(LoopbackIdentity.certificate, certificate)
                #expect(throws: Diagnostic.self) { try shown.reload() }
                #expect(try await !isTrusted())
                try put(LoopbackIdentity.key, key)
                try shown.reload()
                #expect(try await isTrusted())
                try put("", certificate)
                #expect(throws: Diagnostic.self) { try shown.reload() }
                #expect(try await isTrusted())
            }
            // A change is told once it has come to rest, and once only.
            let looks = (1...3).map { _ in watch.hasChanged(shown.stamps) }
            #expect(looks == [false, true, false])
        }
    }

    @Test("With a file of tokens, callers are known by name, others refused; the file can be read again")
    func tokens() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/tokens"
            try Data("# who token\nalice alice-token-0123456789\n".utf8).write(to: URL(filePath: path))
            let tokens = try BearerTokens(path: path)
            try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.tokens = tokens }) {
                server in
                let bearer = { (token: String) in [(name: "authorization", value: "Bearer \(token)")] }
                #expect(try await server.post(Self.question).status == 401)
                let wrong = try await server.post(Self.question, headers: bearer("alice-token-0123456780"))
                #expect(wrong.status == 401 && wrong.header("www-authenticate") == "Bearer")
                #expect(try await server.get("/metrics").status == 401)
                #expect(try await server.get("/nowhere").status == 401)
                #expect(try await server.get("/health").status == 200)
                let right = try await server.post(Self.question, headers: bearer("alice-token-0123456789"))
                #expect(right.status == 200)
                _ = try await server.logged(6)
                #expect(server.log.all.contains { $0["caller"] == "alice" })
                try Data("bob bob-token-9876543210\n".utf8).write(to: URL(filePath: path))
                try tokens.reload()
                #expect(try await server.post(Self.question, headers: bearer("bob-token-9876543210")).status == 200)
                #expect(try await server.post(Self.question, headers: bearer("alice-token-0123456789")).status == 401)
                try Data("carol short\n".utf8).write(to: URL(filePath: path))
                #expect(throws: Diagnostic.self) { try tokens.reload() }
                #expect(try await server.post(Self.question, headers: bearer("bob-token-9876543210")).status == 200)
                // The last one is taken away, too.
                try Data("# nobody\n".utf8).write(to: URL(filePath: path))
                try tokens.reload()
                #expect(try await server.post(Self.question, headers: bearer("bob-token-9876543210")).status == 401)
            }
        }
    }
}
