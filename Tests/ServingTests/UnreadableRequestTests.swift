import Language
import Testing
import Wire

@testable import Serving

/// What is no HTTP is refused as all else is, once.
@Suite("Unreadable requests", .timeLimit(.minutes(20)))
struct UnreadableRequestTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        var status = 400

        var testDescription: String { name }
    }

    private static func post(_ headers: String, _ body: String = "") -> String {
        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\(headers)\r\n\(body)"
    }

    private static let question = #"{"input":"x"}"#
    private static let chunked = "Transfer-Encoding: chunked\r\n"
    private static let next = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    private static let many = (0..<300).map { "x-\($0): y\r\n" }.joined()

    static let cases = [
        Case(name: "both lengths", text: post("Content-Length: 5\r\n\(chunked)", "0\r\n\r\n")),
        Case(name: "two lengths", text: post("Content-Length: 5\r\nContent-Length: 13\r\n", question)),
        Case(name: "a length that is none", text: post("Content-Length: 1e3\r\n", question)),
        Case(name: "an odd chunk", text: post(chunked, "zz\r\nabc\r\n0\r\n\r\n")),
        Case(name: "an odd chunk after one", text: post(chunked, "5\r\nhello\r\nzz\r\nabc\r\n0\r\n\r\n")),
        Case(name: "a chunk beyond 64 bits", text: post(chunked, "fffffffffffffffff\r\n")),
        Case(name: "no HTTP", text: "\u{1}\u{2}\r\n\r\n"),
        Case(name: "HTTP/2", text: "GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
        Case(name: "no method", text: "G@T / HTTP/1.1\r\nHost: x\r\n\r\n"),
        Case(name: "many headers", text: post("\(many)Content-Length: 13\r\n", question), status: 431),
        Case(name: "a long header", text: post("x: \(String(repeating: "y", count: 100_000))\r\n"), status: 431),
        Case(name: "many headers behind a body", text: post(chunked, "0\r\n\(many)\r\n"), status: 431),
    ]

    @Test("It gets one answer, with why, and the connection ends: what it hides is no request", arguments: cases)
    func refused(unreadable: Case) async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let (head, rest) = try await HTTP10Tests.answer(to: unreadable.text + Self.next, of: server)
            #expect(head.hasPrefix("http/1.1 \(unreadable.status) "), "\(head)")
            #expect(
                head.contains("\r\nconnection: close") && head.contains("\r\ncontent-type: application/json"), "\(head)"
            )
            // Nothing follows its JSON.
            let body = try Value(json: rest.utf8)
            let code = unreadable.status == 431 ? "head_too_large" : "invalid_http"
            #expect(body["error"]?["code"]?.string == code && body["error"]?["type"] == "invalid_request_error")
            let id = try #require(body["request_id"]?.string)
            #expect(head.contains("\r\nx-request-id: \(id)"), "\(head)")
            let line = try await server.logged(1)
            #expect(line["status"] == .integer(unreadable.status) && line["request"]?.string == id)
            #expect(try await server.post(Self.question).status == 200)
            _ = try await server.logged(2)
            #expect(server.log.all.count == 2)
        }
    }

    @Test("What came before it is answered first")
    func before() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let asked = Self.post("Content-Length: \(Self.question.utf8.count)\r\n", Self.question) + Self.next
            let (head, rest) = try await HTTP10Tests.answer(
                to: asked + "G@T / HTTP/1.1\r\n\r\n" + Self.next, of: server)
            #expect(head.hasPrefix("http/1.1 200 "), "\(head)")
            let statuses = rest.split(separator: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
            #expect(statuses == ["200", "400"], "\(rest)")
        }
    }

    @Test("A request that is refused before its end, which cannot be read, gets no second answer")
    func once() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            for path in ["/nowhere", "/health"] {
                let asked = "POST \(path) HTTP/1.1\r\nHost: x\r\n\(Self.chunked)\r\nzz\r\n\(Self.next)"
                let (head, rest) = try await HTTP10Tests.answer(to: asked, of: server)
                #expect(head.hasPrefix(path == "/health" ? "http/1.1 405 " : "http/1.1 404 "), "\(head)")
                #expect(!rest.contains("HTTP/1.1"), "\(rest)")
            }
        }
    }
}
