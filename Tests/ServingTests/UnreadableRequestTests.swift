import Language
import NIOCore
import NIOEmbedded
import NIOHTTP1
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
        var code = "invalid_http"

        var testDescription: String { name }
    }

    private static func post(_ headers: String, _ body: String = "") -> String {
        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\(headers)\r\n\(body)"
    }

    private static let question = #"{"input":"x"}"#
    private static let chunked = "Transfer-Encoding: chunked\r\n"
    private static let next = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    private static let many = (0..<300).map { "x-\($0): y\r\n" }.joined()
    private static let long = String(repeating: "b", count: 200_000)
    private static let zeros = String(repeating: "0", count: 200_000)

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
        Case(
            name: "many headers", text: post("\(many)Content-Length: 13\r\n", question), status: 431,
            code: "head_too_large"),
        Case(
            name: "a long header", text: post("x: \(String(repeating: "y", count: 100_000))\r\n"), status: 431,
            code: "head_too_large"),
        Case(
            name: "many headers behind a body", text: post(chunked, "0\r\n\(many)\r\n"), status: 431,
            code: "head_too_large"),
        Case(name: "no host", text: "GET /health HTTP/1.1\r\n\r\n"),
        Case(name: "two hosts", text: "GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
        Case(name: "a target of another server", text: "GET http://y/health HTTP/1.1\r\nHost: x\r\n\r\n"),
        Case(name: "a tunnel", text: "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n"),
        Case(
            name: "chunks of something else",
            text: post("Transfer-Encoding: gzip, chunked\r\n", "d\r\n\(question)\r\n"),
            status: 501, code: "unknown_transfer_coding"),
        Case(
            name: "two headers for codings", text: post("Transfer-Encoding: gzip\r\n\(chunked)", "0\r\n\r\n"),
            status: 501,
            code: "unknown_transfer_coding"),
        Case(name: "a chunk with long words", text: post(chunked, "d;a=\(long)\r\n\(question)\r\n0\r\n\r\n")),
        Case(name: "long words behind a body", text: post(chunked, "d\r\n\(question)\r\n0;\(long)\r\n\r\n")),
        Case(name: "a length of many digits", text: post(chunked, "\(zeros)d\r\n\(question)\r\n0\r\n\r\n")),
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
            #expect(body["error"]?["code"]?.string == unreadable.code)
            #expect(body["error"]?["type"] == "invalid_request_error")
            let id = try #require(body["request_id"]?.string)
            #expect(head.contains("\r\nx-request-id: \(id)"), "\(head)")
            let line = try await server.logged(1)
            #expect(line["status"] == .integer(unreadable.status) && line["request"]?.string == id)
            #expect(try await server.post(Self.question).status == 200)
            _ = try await server.logged(2)
            #expect(server.log.all.count == 2)
        }
    }

    @Test("A body in many small chunks, each with a few words, is one")
    func worded() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let text = #"{"input":"\#(String(repeating: "x", count: 20_000))"}"#
            let chunks = text.map { "1;a=b\r\n\($0)\r\n" }.joined()
            let asked = Self.post(Self.chunked + "Connection: close\r\n", chunks + "0\r\nx-sum: y\r\n\r\n")
            let (head, _) = try await HTTP10Tests.answer(to: asked, of: server)
            #expect(head.hasPrefix("http/1.1 200 "), "\(head)")
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

/// What waits in memory behind a request that is not answered.
@Suite("Requests sent ahead")
struct SentAheadTests {
    private static let get = HTTPServerRequestPart.head(
        HTTPRequestHead(version: .http1_1, method: .GET, uri: "/health", headers: ["host": "x"]))
    private static let end = HTTPServerRequestPart.end(nil)
    private static let crumb = HTTPServerRequestPart.body(ByteBuffer(string: "x"))

    /// Keeps what is written, as a connection whose client takes nothing.
    private final class Clogged: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        func flush(context: ChannelHandlerContext) {}
    }

    private func channel(after first: [any ChannelHandler] = []) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let refusing = UnreadableRequestHandler(counting: ReceivedBytesHandler()) { error, _ in
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: error.status.rawValue),
                headers: ["content-length": String(error.code.utf8.count)])
            return (head, ByteBuffer(string: error.code))
        }
        try channel.pipeline.syncOperations.addHandlers(
            first + [UnsentBytesHandler(), HTTPResponseEncoder(), refusing])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private func count(_ channel: EmbeddedChannel) throws -> Int {
        var count = 0
        while try channel.readInbound(as: HTTPServerRequestPart.self) != nil { count += 1 }
        return count
    }

    private func answer(_ channel: EmbeddedChannel, _ headers: HTTPHeaders) throws -> String {
        channel.write(
            HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)),
            promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        var sent = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { sent += String(buffer: buffer) }
        return sent
    }

    @Test("More requests than may be unanswered are refused once, after the answers to those before them")
    func tooMany() throws {
        let channel = try channel()
        for _ in 0..<64 {
            try channel.writeInbound(Self.get)
            try channel.writeInbound(Self.end)
        }
        #expect(throws: HTTPParserError.self) { try channel.writeInbound(Self.get) }
        // Nothing that follows is read.
        try channel.writeInbound(Self.end)
        try channel.writeInbound(Self.get)
        #expect(try count(channel) == 128)
        let own: HTTPHeaders = ["x-request-id": "1", "content-length": "0"]
        for _ in 0..<64 { #expect(try answer(channel, own).hasPrefix("HTTP/1.1 200 ")) }
        let refused = try answer(channel, ["content-length": "0"])
        #expect(refused.hasPrefix("HTTP/1.1 429 ") && refused.hasSuffix("too_many_ahead"), "\(refused)")
        #expect(try answer(channel, ["content-length": "0"]) == "")
    }

    @Test("Requests that are answered in between are as many as a client likes")
    func oneByOne() throws {
        let channel = try channel()
        for _ in 0..<200 {
            try channel.writeInbound(Self.get)
            try channel.writeInbound(Self.end)
            #expect(
                try answer(channel, ["x-request-id": "1", "content-length": "0"]).hasPrefix("HTTP/1.1 200 "))
        }
        #expect(try count(channel) == 400 && channel.isActive)
    }

    @Test("A body in thousands of crumbs behind another request ends the connection; a first one does not")
    func crumbs() throws {
        let channel = try channel()
        func come(_ count: Int) {
            channel.pipeline.fireChannelRead(Self.get)
            for _ in 0..<count { channel.pipeline.fireChannelRead(Self.crumb) }
        }
        come(5_000)
        channel.pipeline.fireChannelRead(Self.end)
        channel.pipeline.fireChannelReadComplete()
        come(1_000)
        #expect(channel.isActive)
        come(1_000)
        #expect(!channel.isActive)
    }

    @Test("So it does where an answer before them is not taken")
    func crumbsBeforeAnswers() throws {
        let channel = try channel(after: [Clogged()])
        channel.pipeline.fireChannelRead(Self.get)
        channel.pipeline.fireChannelRead(Self.end)
        #expect(try answer(channel, ["x-request-id": "1", "content-length": "0"]) == "")
        for _ in 0..<2 {
            channel.pipeline.fireChannelRead(Self.get)
            for _ in 0..<1_000 { channel.pipeline.fireChannelRead(Self.crumb) }
        }
        #expect(!channel.isActive)
    }
}
