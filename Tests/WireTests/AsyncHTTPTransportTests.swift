import Fakes
import Language
import NIOCore
import Synchronization
import Testing
import Wire

@Suite struct AsyncHTTPTransportTests {
    private func reply(_ text: String, status: Int = 200) -> LoopbackServer.Reply {
        LoopbackServer.Reply(status: status, headers: [("X-Mark", "a")], chunks: chunks([text]))
    }

    private func chunks(_ texts: [String], ends: Bool = true) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            for text in texts { continuation.yield(Array(text.utf8)) }
            if ends { continuation.finish() }
        }
    }

    /// The failure of a request to a server that does what `handler` does.
    private func failure(
        of request: HTTPRequest, tls: TLSOptions = TLSOptions()
    ) async throws -> TransportFailure? {
        try await AsyncHTTPTransport.withTransport(tls: tls) { transport in
            await #expect(throws: TransportFailure.self) { try await transport.send(request) }
        }
    }

    @Test("Method, path, headers, secrets and body arrive; status, headers and body return")
    func exchange() async throws {
        let handler: @Sendable (HTTPRequest) -> LoopbackServer.Reply = { request in
            let mark = request.headers.first { $0.name == "x-key" }?.value ?? ""
            let body = String(decoding: (try? request.body?.collected()) ?? [], as: UTF8.self)
            let text = [
                request.method.rawValue, request.url, request.authorization?.revealed ?? "", mark, body,
            ].joined(separator: " ")
            return reply(text, status: 302)
        }
        let response = try await LoopbackServer.withServer(handler) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                try await transport.send(
                    HTTPRequest(
                        .put, "\(base)/a%20b?c=d", authorization: .bearer(Secret("t")),
                        secretHeaders: [("x-key", Secret("k"))], body: Array("body".utf8)
                    )
                )
            }
        }
        #expect(response.status == 302)
        #expect(response.header("x-mark") == "a")
        #expect(String(decoding: response.body, as: UTF8.self) == "PUT http://127.0.0.1/a%20b?c=d Bearer t k body")
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

    @Test("A stream that falls silent runs into the time limit")
    func silentStream() async throws {
        try await LoopbackServer.withServer({ _ in
            LoopbackServer.Reply(chunks: chunks(["data: one\n\n"], ends: false))
        }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let failure = await #expect(throws: TransportFailure.self) {
                    try await transport.stream(HTTPRequest(.get, "\(base)/", timeout: .milliseconds(200))) {
                        _, chunks in
                        for try await _ in chunks {}
                    }
                }
                #expect(failure == TransportFailure(.timeout, "no answer within 200 ms"))
            }
        }
    }

    @Test("Comments keep no stream alive")
    func commentsOnly() async throws {
        let comments = AsyncThrowingStream<[UInt8], any Error> {
            try await Task.sleep(for: .milliseconds(20))  // A server that only keeps the connection open.
            return Array(": ping\n\n".utf8)
        }
        try await LoopbackServer.withServer({ _ in LoopbackServer.Reply(chunks: comments) }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let failure = await #expect(throws: TransportFailure.self) {
                    try await transport.stream(HTTPRequest(.get, "\(base)/", timeout: .milliseconds(200))) {
                        _, chunks in
                        for try await _ in chunks.events {}
                    }
                }
                #expect(failure == TransportFailure(.timeout, "no answer within 200 ms"))
            }
        }
    }

    @Test("A stream that never ends runs into the limit of the whole exchange")
    func endlessStream() async throws {
        let events = AsyncThrowingStream<[UInt8], any Error> {
            try await Task.sleep(for: .milliseconds(20))  // A server that goes on for ever.
            return Array("data: more\n\n".utf8)
        }
        try await LoopbackServer.withServer({ _ in LoopbackServer.Reply(chunks: events) }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let request = HTTPRequest(
                    .get, "\(base)/", timeout: .seconds(20), wholeTimeout: .milliseconds(300))
                let failure = await #expect(throws: TransportFailure.self) {
                    try await transport.stream(request) { _, chunks in for try await _ in chunks.events {} }
                }
                #expect(failure == TransportFailure(.timeout, "no answer within 300 ms"))
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
            return count <= 4096 ? [UInt8](repeating: 0x61, count: 1 << 16) : nil
        }
        try await LoopbackServer.withServer({ _ in LoopbackServer.Reply(chunks: chunks) }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let request = HTTPRequest(.get, "\(base)/", timeout: .seconds(60))
                let (whenStill, received) = try await transport.stream(request) { _, chunks in
                    var chunks = chunks.makeAsyncIterator()
                    var received = try await chunks.next(isolation: nil)?.readableBytes ?? 0
                    await standstill(
                        of: { sent.withLock { $0 } }, for: .seconds(2), clock: ContinuousClock())
                    let whenStill = sent.withLock { $0 }
                    while let chunk = try await chunks.next(isolation: nil) { received += chunk.readableBytes }
                    return (whenStill, received)
                }
                #expect(
                    whenStill < 1024, "\(whenStill) of 4096 chunks of 64 KiB were sent to a reader that did not read")
                #expect(received == 4096 << 16)
            }
        }
    }

    @Test("Waiting for a connection has no time limit: all requests are answered, however few connections there are")
    func fewConnections() async throws {
        try await LoopbackServer.withServer({ _ in
            try await Task.sleep(for: .milliseconds(400))  // A slow server.
            return reply("")
        }) { base in
            try await AsyncHTTPTransport.withTransport(connections: 2, connectTimeout: .seconds(1)) {
                transport in
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<10 {
                        group.addTask {
                            try await transport.send(HTTPRequest(.get, "\(base)/", timeout: .seconds(60))).status
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses == [Int](repeating: 200, count: 10))
            }
        }
    }

    @Test("A server that does not answer runs into the time limit")
    func timeout() async throws {
        try await LoopbackServer.withServer({ _ in
            for await _ in AsyncStream<Void>.makeStream().stream {}  // Nothing ever comes; ends when cancelled.
            return reply("")
        }) { base in
            let failure = try await failure(of: HTTPRequest(.get, "\(base)/", timeout: .milliseconds(100)))
            #expect(failure == TransportFailure(.timeout, "no answer within 100 ms"))
        }
    }

    @Test("Nobody listening, an unknown name and what is no URL are unreachable")
    func unreachable() async throws {
        let closed = HTTPRequest(.get, "http://127.0.0.1:1/")  // A port that needs privileges, and has no users.
        let refused = try await failure(of: closed)
        #expect(refused == TransportFailure(.unreachable, "connection refused"))
        let unknown = try await failure(of: HTTPRequest(.get, "http://nowhere.invalid/"))
        #expect(unknown == TransportFailure(.unreachable, "the host name is unknown"))
        for url in ["nowhere", "ftp://host/", "http://"] {
            let failure = try await failure(of: HTTPRequest(.get, url))
            #expect(failure?.reason == .unreachable, "\(url)")
        }
    }

    @Test("TLS to a port without TLS is told as that")
    func notTLS() async throws {
        try await LoopbackServer.withServer(serving: FakeOGX()) { base in
            let url = "https" + base.dropFirst(4)
            let failure = try await failure(of: HTTPRequest(.get, url))
            #expect(failure?.reason == .tls)
        }
    }

    @Test("A CA file that is none is refused before anything is sent")
    func badCAFile() async throws {
        let error = await #expect(throws: Diagnostic.self) {
            try await AsyncHTTPTransport.withTransport(tls: TLSOptions(caFile: "no/such.pem")) { _ in }
        }
        #expect(error?.code == "bad-ca-file")
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

    @Test("Requests are counted, every try one")
    func counting() async throws {
        let counting = CountingTransport(ScriptedTransport([.json(503, "{}"), .json("{}")]))
        let retry = RetryPolicy(base: .zero, cap: .zero)
        let endpoint = Endpoint(service: "OGX", base: "http://host", transport: counting, retry: retry)
        _ = try await endpoint.send(Call("look", .get, "/"))
        #expect(counting.count == 2)
    }
}
