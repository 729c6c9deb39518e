import NIOCore
import Testing

@testable import Serving

@Suite("HTTP/1.0", .timeLimit(.minutes(20)))
struct HTTP10Tests {
    private static func post(_ body: String) -> String {
        "POST /invocations HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test(
        "Who asks in it is answered in it: without chunks, and the connection ends with the answer",
        arguments: [
            ("GET /health HTTP/1.0\r\n\r\n", #"{"status":"#),
            ("GET /nowhere HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", #"{"detail":"#),
            (post(#"{"input":"x"}"#), #"{""#),
            (post(#"{"input":"x","stream":true}"#), "data: {"),
        ])
    func old(asked: String, begin: String) async throws {
        try await RunningServer.run([StagedAgent.saying("The brown fox").published()]) { server in
            let (head, body) = try await Self.answer(to: asked, of: server)
            #expect(head.hasPrefix("http/1.0 ") && head.contains("\r\nconnection: close"), "\(head)")
            #expect(!head.contains("transfer-encoding"), "\(head)")
            #expect(body.hasPrefix(begin), "\(body)")
            #expect(!asked.contains("stream") || body.hasSuffix("data: [DONE]\n\n"), "\(body)")
        }
    }

    @Test(
        "Each request of a connection is answered in its own version, and the last one in whatever letters it is called"
    )
    func mixed() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let kept = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
            let (_, old) = try await Self.answer(to: kept + "GET /health HTTP/1.0\r\n\r\n", of: server)
            #expect(old.contains("HTTP/1.0 200"), "\(old)")
            let last = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: TE, Close\r\n\r\n"
            let (head, new) = try await Self.answer(to: kept + last + kept, of: server)
            #expect(head.hasPrefix("http/1.1 200"), "\(head)")
            #expect(new.split(separator: "HTTP/1.1 200").count == 2, "\(new)")
        }
    }

    @Test(
        "Who asks to go on in another protocol is answered in this one, and the connection ends; WebSocket is refused")
    func upgrade() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            for (path, upgrade, status, told) in [
                ("/health", "h2c", 200, "healthy"), ("/v1/responses", "websocket", 400, "not_yet_supported"),
                ("/nowhere", "WebSocket", 400, "not_yet_supported"),
            ] {
                let asked = "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: \(upgrade)\r\n\r\n"
                let (head, body) = try await Self.answer(to: asked, of: server)
                #expect(head.hasPrefix("http/1.1 \(status) ") && head.contains("\r\nconnection: close"), "\(head)")
                #expect(body.contains(told), "\(body)")
            }
        }
    }

    @Test("Who waits until it is told to send its body is told so, unless that would not be read")
    func awaited() async throws {
        let body = #"{"input":"x"}"#
        @Sendable func post(_ length: Int) -> String {
            "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
                + "Expect: 100-continue\r\nContent-Length: \(length)\r\n\r\n"
        }
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let (first, rest) = try await Self.answer(to: post(body.utf8.count), then: body, of: server)
            #expect(first.hasPrefix("http/1.1 100 continue") && rest.hasPrefix("HTTP/1.1 200 OK"), "\(first) \(rest)")
            let chunked = post(0).replacing("Content-Length: 0", with: "Transfer-Encoding: chunked")
            let (told, _) = try await Self.answer(to: chunked, then: "d\r\n\(body)\r\n0\r\n\r\n", of: server)
            #expect(told.hasPrefix("http/1.1 100 continue"), "\(told)")
            let (refused, _) = try await Self.answer(to: post(1 << 40), of: server)
            #expect(refused.hasPrefix("http/1.1 413 "), "\(refused)")
        }
    }

    /// What comes back until the other side closes: the first head in small letters, and all that follows it.
    /// - Parameter more: What is sent after something came back.
    static func answer(
        to asked: String, then more: String? = nil, of server: RunningServer
    ) async throws -> (head: String, rest: String) {
        let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
        let channel = try await HostileRequestTests.connection(port)
        let isLate = Happening()
        let timer = channel.channel.eventLoop.scheduleTask(in: .seconds(60)) {
            isLate.happen()
            channel.channel.close(promise: nil)
        }
        defer { timer.cancel() }
        let answer = try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: asked))
            var answer = ""
            for try await piece in inbound {
                if let more, answer.isEmpty { try await outbound.write(ByteBuffer(string: more)) }
                answer += String(buffer: piece)
            }
            return answer
        }
        #expect(!isLate.hasHappened, "The connection did not end.")
        let end = try #require(answer.firstRange(of: "\r\n\r\n"))
        return (answer[..<end.lowerBound].lowercased(), String(answer[end.upperBound...]))
    }
}
