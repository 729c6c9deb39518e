import Fakes
import FoundationEssentials
import Language
import Support
import Synchronization
import Testing
import Wire

/// What the spec says of the TLS of Llama Stack is not meant for MCP servers, functions and documents.
@Suite("TLS of others")
struct OthersTLSTests {
    private static func spec(_ url: String, _ tls: String = "insecure: true") -> String {
        """
        drover: v1
        stack: tls
        servers:
          llamastack: {url: "\(url)", tls: {\(tls)}}
        tools:
          desk: {mcp: {url: "\(url)/mcp"}}
          weather:
            function:
              description: Weather
              parameters: {type: object}
              http: {url: "\(url)/weather"}
        vectorStores:
          box:
            embeddingModel: scripted/embed
            documents:
              - url: "\(url)/doc.txt"
                sha256: 3639efcd08abb273b1619e82e78c29a7df02c1051b1820e99fc395dcaa3326b8
                name: doc.txt

        """
    }

    private final class Asked: Sendable {
        private let all = Mutex<Set<String>>([])
        var paths: [String] { all.withLock { $0.sorted() } }

        func note(_ path: String) {
            all.withLock { _ = $0.insert(path) }
        }
    }

    /// A Llama Stack over TLS with a certificate that no system knows, which also is all others.
    private static func withServer(
        _ asked: Asked, knowsClients: Bool = false, _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let ogx = FakeOGX()
        try await LoopbackServer.withServer(
            isSecure: true, knowsClients: knowsClients,
            { request in
                let path = String(request.url.dropFirst("http://127.0.0.1".count))
                var response = HTTPResponse(status: 200, body: Array("Hi".utf8))
                if ["/mcp", "/weather", "/doc.txt"].contains(path) {
                    asked.note(path)
                } else {
                    response = try await ogx.send(request)
                }
                let answer = response
                return LoopbackServer.Reply(
                    status: answer.status, headers: answer.headers,
                    chunks: AsyncThrowingStream { continuation in
                        continuation.yield(answer.body)
                        continuation.finish()
                    })
            }, body)
    }

    @Test("What is taken on trust from Llama Stack is not taken on trust from others")
    func insecure() async throws {
        let asked = Asked()
        try await Self.withServer(asked) { url in
            try await withTemporaryDirectory { directory in
                try Data(Self.spec(url).utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
                let record = ["apply", "drover.yaml", "--yes", "--record", "file:record.json"]
                let distrusting = DroverProgram(in: directory)
                let examined = try await distrusting("doctor", "drover.yaml")
                #expect(examined.output.contains("OGX 1.5.0"), "\(examined.output)\(examined.errors)")
                let applied = try await distrusting.run(DroverProgram.path, record)
                #expect(applied.code == 6 && applied.errors.contains("no-download"), "\(applied.errors)")
                #expect(asked.paths == [])
            }
        }
    }

    @Test("Others are trusted by the authorities that the system names")
    func authorities() async throws {
        let asked = Asked()
        try await Self.withServer(asked) { url in
            try await withTemporaryDirectory { directory in
                try Data(LoopbackIdentity.authority.utf8).write(to: URL(filePath: "\(directory)/ca.pem"))
                try Data(Self.spec(url).utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
                let trusting = DroverProgram(in: directory, environment: ["SSL_CERT_FILE": "\(directory)/ca.pem"])
                _ = try await trusting("doctor", "drover.yaml")  // The server is no MCP server.
                let applied = try await trusting("apply", "drover.yaml", "--yes", "--record", "file:record.json")
                #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
                #expect(asked.paths == ["/doc.txt", "/mcp", "/weather"])
            }
        }
    }

    @Test("The certificate of our own is shown to Llama Stack, and to nobody else")
    func clientCertificate() async throws {
        let asked = Asked()
        try await Self.withServer(asked, knowsClients: true) { url in
            try await withTemporaryDirectory { directory in
                for (name, text) in [
                    ("ca.pem", LoopbackIdentity.authority), ("client.pem", LoopbackIdentity.clientCertificate),
                    ("client.key", LoopbackIdentity.clientKey), ("unknown.yaml", Self.spec(url, "caFile: ca.pem")),
                    ("drover.yaml", Self.spec(url, "caFile: ca.pem, certFile: client.pem, keyFile: client.key")),
                ] {
                    try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
                }
                let drover = DroverProgram(in: directory, environment: ["SSL_CERT_FILE": "\(directory)/ca.pem"])
                let examined = try await drover("doctor", "drover.yaml")
                #expect(examined.output.contains("OGX 1.5.0"), "\(examined.output)\(examined.errors)")
                let applied = try await drover("apply", "drover.yaml", "--yes", "--record", "file:record.json")
                #expect(applied.code == 6 && applied.errors.contains("no-download"), "\(applied.errors)")
                #expect(asked.paths == [])
                let unknown = try await drover("doctor", "unknown.yaml")
                #expect(unknown.code != 0 && !unknown.output.contains("OGX 1.5.0"), "\(unknown.output)")
            }
        }
    }
}
