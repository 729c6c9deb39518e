import Fakes
import Language
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Wire

/// What tasks of event loops ask: the same promises as of all other tasks, kept in another way.
@Suite(.onEventLoop, .timeLimit(.minutes(10)))
struct DirectExchangeTests {
    private func chunks(_ texts: [String], ends: Bool = true) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            for text in texts { continuation.yield(Array(text.utf8)) }
            if ends { continuation.finish() }
        }
    }

    @Test("Only plain addresses go this way")
    func places() throws {
        let place = try #require(DirectPlace("http://127.0.0.1:8321/v1/models?limit=1"))
        #expect(place.host == "127.0.0.1" && place.port == 8321 && place.target == "/v1/models?limit=1")
        #expect(DirectPlace("http://[::1]:80")?.host == "::1" && DirectPlace("http://[::1]:80")?.target == "/")
        #expect(DirectPlace("http://stack?a=b")?.target == "/?a=b" && DirectPlace("http://stack")?.port == 80)
        for url in [
            "https://stack/", "http://", "http://:80/", "http://a:0/", "http://a:70000/", "http://a:b/",
            "http://u:p@a/",
            "http://a/ b", "http://a/#c", "http://ä/", "HTTP://a/", "http://[::1/", "http://a\r\nb/",
        ] {
            #expect(DirectPlace(url) == nil, "\(url)")
        }
        let header = HTTPRequest(.get, "http://a/", headers: [("x-a", "b\r\nx-c: d")])
        #expect(DirectExchange(header) == nil && DirectExchange(HTTPRequest(.get, "http://a/")) != nil)
    }

    @Test("Method, path, headers, secrets and body arrive; status, headers and body return, again and again")
    func exchange() async throws {
        let handler: @Sendable (HTTPRequest) -> LoopbackServer.Reply = { request in
            let mark = request.headers.first { $0.name == "x-key" }?.value ?? ""
            let body = String(decoding: (try? request.body?.collected()) ?? [], as: UTF8.self)
            let text = [
                request.method.rawValue, request.url, request.authorization?.revealed ?? "", mark, body,
            ].joined(separator: " ")
            return LoopbackServer.Reply(status: 302, headers: [("X-Mark", "a")], chunks: chunks([text]))
        }
        try await LoopbackServer.withServer(handler) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                for body in ["body", "", String(repeating: "x", count: 200_000)] {
                    let response = try await transport.send(
                        HTTPRequest(
                            .put, "\(base)/a%20b?c=d", authorization: .bearer(Secret("t")),
                            secretHeaders: [("x-key", Secret("k"))], body: Array(body.utf8)))
                    #expect(response.status == 302 && response.header("x-mark") == "a")
                    let said = String(decoding: response.body, as: UTF8.self)
                    #expect(said == "PUT http://127.0.0.1/a%20b?c=d Bearer t k \(body)")
                }
            }
        }
    }

    @Test("A stream is read while it is still being written")
    func stream() async throws {
        let first = try await LoopbackServer.withServer({ _ in
            LoopbackServer.Reply(chunks: chunks(["data: one\n\n"], ends: false))
        }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                try await transport.stream(HTTPRequest(.get, "\(base)/")) { head, chunks in
                    #expect(head.status == 200)
                    for try await chunk in chunks { return String(buffer: chunk) }
                    return ""
                }
            }
        }
        #expect(first == "data: one\n\n")
    }

    @Test(
        "Silence, nothing but comments, and no end run into their limits",
        arguments: [("silent", 1.2, 60), (": ping\n\n", 1.2, 60), ("data: more\n\n", 60, 1.5)]
            as [(String, Double, Double)])
    func limits(_ said: String, _ pause: Double, _ whole: Double) async throws {
        let events = AsyncThrowingStream<[UInt8], any Error> {
            try await Task.sleep(for: .milliseconds(said == "silent" ? 100_000 : 20))
            return Array(said.utf8)
        }
        try await LoopbackServer.withServer({ _ in LoopbackServer.Reply(chunks: events) }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let request = HTTPRequest(
                    .get, "\(base)/", timeout: .seconds(pause), wholeTimeout: .seconds(whole))
                let failure = await #expect(throws: TransportFailure.self) {
                    try await transport.stream(request) { _, chunks in for try await _ in chunks.events {} }
                }
                #expect(failure?.reason == .timeout && failure?.message.hasPrefix("no answer within 1.") == true)
            }
        }
    }

    @Test("A slow reader slows the server")
    func slowReader() async throws {
        let sent = Mutex(0)
        let chunks = AsyncThrowingStream<[UInt8], any Error> {
            let count = sent.withLock { sent in
                sent += 1
                return sent
            }
            return count <= 2048 ? [UInt8](repeating: 0x61, count: 1 << 16) : nil
        }
        try await LoopbackServer.withServer({ _ in LoopbackServer.Reply(chunks: chunks) }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let request = HTTPRequest(.get, "\(base)/", timeout: .seconds(60))
                let (whenStill, received) = try await transport.stream(request) { _, chunks in
                    var chunks = chunks.makeAsyncIterator()
                    var received = try await chunks.next(isolation: nil)?.readableBytes ?? 0
                    await standstill(of: { sent.withLock { $0 } }, for: .seconds(2), clock: ContinuousClock())
                    let whenStill = sent.withLock { $0 }
                    while let chunk = try await chunks.next(isolation: nil) { received += chunk.readableBytes }
                    return (whenStill, received)
                }
                #expect(whenStill < 1024 && received == 2048 << 16)
            }
        }
    }

    @Test("Nobody listening, and an unknown name, are unreachable")
    func unreachable() async throws {
        try await AsyncHTTPTransport.withTransport { transport in
            for (url, message) in [
                ("http://127.0.0.1:1/", "connection refused"), ("http://nowhere.invalid/", "the host name is unknown"),
            ] {
                let failure = await #expect(throws: TransportFailure.self) {
                    try await transport.send(HTTPRequest(.get, url))
                }
                #expect(failure == TransportFailure(.unreachable, message))
            }
        }
    }

    @Test("A cancelled request ends with the cancellation")
    func cancellation() async throws {
        try await LoopbackServer.withServer({ _ in
            LoopbackServer.Reply(chunks: chunks(["data: one\n\n"], ends: false))
        }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let endpoint = Endpoint(service: "OGX", base: base, transport: transport)
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await endpoint.events(Call("ask", .get, "/")) { events in
                            for try await _ in events { withUnsafeCurrentTask { $0?.cancel() } }
                        }
                    }
                    await #expect(throws: CancellationError.self) { try await group.next() }
                }
            }
        }
    }

    @Test("Many at once are each answered with their own")
    func many() async throws {
        try await LoopbackServer.withServer({ request in
            LoopbackServer.Reply(chunks: chunks(String(request.url.split(separator: "/").last ?? "").map(String.init)))
        }) { base in
            try await AsyncHTTPTransport.withTransport(connections: 32) { transport in
                try await withThrowingTaskGroup(of: (Int, String).self) { group in
                    for number in 0..<500 {
                        group.addTask {
                            let response = try await transport.send(HTTPRequest(.get, "\(base)/\(number)"))
                            return (number, String(decoding: response.body, as: UTF8.self))
                        }
                    }
                    for try await (number, said) in group { #expect(said == "\(number)") }
                }
            }
        }
    }

    @Test(
        "What a server does with its connections is noticed",
        arguments: [
            // It closes after each answer, with and without saying so.
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true, "ok"),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", true, "ok"),
            ("HTTP/1.0 200 OK\r\n\r\nok", true, "ok"),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, "ok"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, "ok"),
            ("HTTP/1.1 204 No Content\r\n\r\n", false, ""),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", true, nil), ("", true, nil),
            ("nonsense\r\n\r\n", true, nil),
        ] as [(String, Bool, String?)])
    func connections(_ said: String, _ closes: Bool, _ answer: String?) async throws {
        try await RawServer.run(saying: [said], closes: closes) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                for _ in 0..<5 {
                    do {
                        let response = try await transport.send(HTTPRequest(.get, "\(base)/"))
                        #expect(String(decoding: response.body, as: UTF8.self) == answer)
                    } catch let failure as TransportFailure {
                        #expect(answer == nil && failure.reason == .broken, "\(failure)")
                    }
                    try await Task.sleep(for: .milliseconds(50))  // Until a closed connection is noticed.
                }
            }
        }
    }
}

extension DirectExchangeTests {
    @Test(
        "An answer arrives in pieces of any size",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        ], [1, 7])
    func pieces(_ said: String, _ size: Int) async throws {
        let bytes = Array(said.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map { start in
            String(decoding: bytes[start..<min(start + size, bytes.count)], as: UTF8.self)
        }
        try await RawServer.run(saying: pieces, closes: false) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                for _ in 0..<2 {
                    let request = HTTPRequest(.get, "\(base)/", timeout: .seconds(20), wholeTimeout: .seconds(20))
                    let response = try await transport.send(request)
                    #expect(String(decoding: response.body, as: UTF8.self) == "ok")
                    let streamed = try await transport.stream(request) { _, chunks in
                        try await chunks.prefix(upTo: 100)
                    }
                    #expect(String(decoding: streamed, as: UTF8.self) == "ok")
                }
            }
        }
    }

    @Test("A name with several addresses, of which one answers")
    func addresses() async throws {
        try await RawServer.run(saying: ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], closes: false) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let url = base.replacing("127.0.0.1", with: "localhost")
                for _ in 0..<3 {
                    let response = try await transport.send(HTTPRequest(.get, "\(url)/"))
                    #expect(response.status == 200)
                }
            }
        }
    }

    @Test("A connection of another protocol, or with a request that is not written yet, carries no second exchange")
    func spoilt() async throws {
        let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"
        try await RawServer.run(saying: [switched], closes: false) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                for _ in 0..<2 {
                    let request = HTTPRequest(.get, "\(base)/", timeout: .seconds(20))
                    let response = try await transport.send(request)
                    #expect(response.status == 101)
                }
            }
        }
        let refused = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n"
        try await RawServer.run(saying: [refused], closes: false, reads: 1) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let body = [UInt8](repeating: 0x61, count: 64 << 20)
                for body in [body, []] {
                    let request = HTTPRequest(.post, "\(base)/", body: body, timeout: .seconds(20))
                    let response = try await transport.send(request)
                    #expect(response.status == 413)
                }
            }
        }
    }
}

/// Answers each request, or what is taken for one, with the same bytes, piece by piece.
private final class RawServer: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let said: [String]
    private let closes: Bool
    /// How often it reads from a connection; nil for always.
    private let reads: Int?
    private let count = Mutex(0)

    private init(_ said: [String], _ closes: Bool, _ reads: Int?) {
        (self.said, self.closes, self.reads) = (said, closes, reads)
    }

    static func run(
        saying said: [String], closes: Bool, reads: Int? = nil, _ body: (_ base: String) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.addHandler(RawServer(said, closes, reads))
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body("http://127.0.0.1:\(port)"))
        } catch {
            result = .failure(error)
        }
        try await server.close()
        try result.get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = context.channel
        let isLast = count.withLock { count in
            count += 1
            return count == reads
        }
        if isLast { channel.setOption(.autoRead, value: false).whenFailure { _ in } }
        say(said[...], over: channel)
    }

    private func say(_ pieces: ArraySlice<String>, over channel: any Channel) {
        guard let piece = pieces.first else {
            if closes { channel.close(promise: nil) }
            return
        }
        channel.writeAndFlush(ByteBuffer(string: piece)).whenSuccess {
            guard self.said.count > 1 else { return self.say(pieces.dropFirst(), over: channel) }
            channel.eventLoop.scheduleTask(in: .milliseconds(2)) { self.say(pieces.dropFirst(), over: channel) }
        }
    }
}

/// Runs tests on the thread of an event loop, as commands that ask agents do.
struct OnEventLoop: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil, let executor = LoopExecutor.any else { return try await function() }
        try await withTaskExecutorPreference(executor) { try await function() }
    }
}

extension Trait where Self == OnEventLoop {
    static var onEventLoop: Self { OnEventLoop() }
}
