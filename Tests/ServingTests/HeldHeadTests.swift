import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Serving

@Suite("Held heads")
struct HeldHeadTests {
    private func channel(holdsHeads: Bool) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let handlers: [any ChannelHandler] = [
            UnsentBytesHandler(), HTTPResponseEncoder(), HTTP10Handler(holdsHeads: holdsHeads),
        ]
        try channel.pipeline.syncOperations.addHandlers(handlers)
        return channel
    }

    private func sent(_ channel: EmbeddedChannel) throws -> String {
        var sent = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { sent += String(buffer: buffer) }
        return sent
    }

    private func head(_ status: HTTPResponseStatus) -> HTTPServerResponsePart {
        .head(HTTPResponseHead(version: .http1_1, status: status, headers: ["transfer-encoding": "chunked"]))
    }

    @Test("The head of an answer goes with the beginning of its body, or its end; what only announces it goes at once")
    func together() throws {
        let channel = try channel(holdsHeads: true)
        channel.writeAndFlush(
            HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .continue)), promise: nil)
        #expect(try sent(channel).hasPrefix("HTTP/1.1 100 "))
        channel.writeAndFlush(head(.ok), promise: nil)
        #expect(try sent(channel) == "")
        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: "one"))), promise: nil)
        let begun = try sent(channel)
        #expect(begun.hasPrefix("HTTP/1.1 200 ") && begun.hasSuffix("3\r\none\r\n"), "\(begun)")
        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: "two"))), promise: nil)
        #expect(try sent(channel) == "3\r\ntwo\r\n")
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        #expect(try sent(channel) == "0\r\n\r\n")
        channel.writeAndFlush(head(.notFound), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        #expect(try sent(channel).hasPrefix("HTTP/1.1 404 "))
        _ = try channel.finish()
    }

    private func body(_ text: String) -> HTTPServerResponsePart {
        .body(.byteBuffer(ByteBuffer(string: text)))
    }

    @Test("The last part of a body goes with its end, unless it is long; no other part waits")
    func last() throws {
        let channel = try channel(holdsHeads: true)
        for last in ["two", String(repeating: "x", count: 20_000)] {
            channel.writeAndFlush(head(.ok), promise: nil)
            channel.writeAndFlush(body("one"), promise: nil)
            #expect(try sent(channel).hasSuffix("3\r\none\r\n"))
            channel.triggerUserOutboundEvent(LastPart(), promise: nil)
            channel.writeAndFlush(body(last), promise: nil)
            #expect(try sent(channel).isEmpty == (last == "two"))
            channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
            #expect(try sent(channel) == (last == "two" ? "3\r\ntwo\r\n0\r\n\r\n" : "0\r\n\r\n"))
        }
        _ = try channel.finish()
    }

    @Test("A piece goes at once, with the head that waits for it")
    func piece() throws {
        let channel = try channel(holdsHeads: true)
        let handler = try channel.pipeline.syncOperations.handler(type: HTTP10Handler.self)
        channel.writeAndFlush(head(.ok), promise: nil)
        #expect(try sent(channel) == "")
        handler.send(ByteBuffer(string: "one"))
        let begun = try sent(channel)
        #expect(begun.hasPrefix("HTTP/1.1 200 ") && begun.hasSuffix("3\r\none\r\n"), "\(begun)")
        handler.send(ByteBuffer(string: "two"))
        #expect(try sent(channel) == "3\r\ntwo\r\n")
        channel.triggerUserOutboundEvent(LastPart(), promise: nil)
        channel.writeAndFlush(body("three"), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        #expect(try sent(channel) == "5\r\nthree\r\n0\r\n\r\n")
        _ = try channel.finish()
        handler.send(ByteBuffer(string: "four"))  // Nobody is there any more.
    }

    @Test("A piece of a body without chunks, and one of a body with a length, go as they are")
    func unchunked() throws {
        let channel = try channel(holdsHeads: true)
        let handler = try channel.pipeline.syncOperations.handler(type: HTTP10Handler.self)
        let known = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "6"])
        channel.writeAndFlush(HTTPServerResponsePart.head(known), promise: nil)
        handler.send(ByteBuffer(string: "one"))
        handler.send(ByteBuffer(string: "two"))
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        #expect(try sent(channel).hasSuffix("\r\n\r\nonetwo"))
        let old = HTTPRequestHead(version: .http1_0, method: .GET, uri: "/")
        try channel.writeInbound(HTTPServerRequestPart.head(old))
        let untold = HTTPResponseHead(version: .http1_1, status: .ok)
        channel.writeAndFlush(HTTPServerResponsePart.head(untold), promise: nil)
        handler.send(ByteBuffer(string: "one"))
        handler.send(ByteBuffer(string: "two"))
        #expect(try sent(channel).hasSuffix("\r\n\r\nonetwo"))
        _ = try channel.finish()
    }

    @Test("It goes at once where its body may be waited for")
    func apart() throws {
        let channel = try channel(holdsHeads: false)
        channel.writeAndFlush(head(.ok), promise: nil)
        #expect(try sent(channel).hasPrefix("HTTP/1.1 200 "))
        _ = try channel.finish()
    }
}
