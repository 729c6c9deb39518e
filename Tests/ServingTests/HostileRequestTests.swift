import Language
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import Serving

/// Bytes that no client of ours sends.
@Suite("Hostile requests", .timeLimit(.minutes(20)))
struct HostileRequestTests {
    /// What becomes of a request.
    enum Outcome: Sendable {
        case status(Int)
        /// 400 or 431, or nothing: what is no HTTP is not read to its end, and on unread bytes the answer may get lost.
        case refused
        /// The connection may just be closed, or the request be taken for what it can mean; the server has not failed.
        case notFailed
        /// The connection may just be closed.
        case any
    }

    /// What is sent, and what becomes of it.
    struct Bytes: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let outcome: Outcome

        init(_ name: String, _ text: String, _ outcome: Outcome) {
            self.init(name, Array(text.utf8), outcome)
        }

        init(_ name: String, _ bytes: [UInt8], _ outcome: Outcome) {
            (self.name, self.bytes, self.outcome) = (name, bytes, outcome)
        }

        var testDescription: String { name }
    }

    private static func post(_ headers: String, _ body: String = "") -> String {
        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\(headers)\r\n\(body)"
    }

    private static let question = #"{"input":"x"}"#
    private static let many = (0..<300).map { "x-\($0): y\r\n" }.joined()

    static let all = [
        Bytes("both lengths", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), .refused),
        Bytes("two lengths", post("Content-Length: 5\r\nContent-Length: 13\r\n", question), .refused),
        Bytes("negative length", post("Content-Length: -1\r\n", question), .refused),
        Bytes("length that is none", post("Content-Length: 1e3\r\n", question), .refused),
        Bytes("odd chunk", post("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n0\r\n\r\n"), .refused),
        Bytes("chunk beyond 64 bits", post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"), .refused),
        Bytes("coding that is none", post("Transfer-Encoding: gzip, chunked, identity\r\n", question), .refused),
        Bytes("chunked is well", post("Transfer-Encoding: chunked\r\n", "d\r\n\(question)\r\n0\r\n\r\n"), .status(200)),
        Bytes("no HTTP", [0, 1, 2, 3, 13, 10, 13, 10], .refused),
        Bytes("HTTP 0.9", "GET /\r\n\r\n", .refused),
        Bytes("TLS to a plain port", [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3], .any),
        Bytes("many headers", post("\(many)Content-Length: 13\r\n", question), .refused),
        Bytes("a long header", post("x: \(String(repeating: "y", count: 100_000))\r\n"), .refused),
        Bytes("a long path", "GET /\(String(repeating: "y", count: 20_000)) HTTP/1.1\r\nHost: x\r\n\r\n", .any),
        Bytes("line breaks in a header", post("x: a\u{0}b\r\nContent-Length: 13\r\n", question), .refused),
        Bytes(
            "bad UTF-8", Array(post("Content-Length: 15\r\n", #"{"input":"ab"#).utf8) + [0xFF, 0x22, 0x7D], .status(400)
        ),
        Bytes("a null byte", post("Content-Length: 13\r\n", "{\"input\":\"\u{0}\"}"), .status(400)),
        Bytes("too large", post("Content-Length: 99999999999\r\n"), .status(413)),
        Bytes("nowhere", "BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n", .any),
        Bytes(
            "an upgrade", "GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", .status(200)
        ),
        Bytes(
            "a request in a body", post("Content-Length: 13\r\n", question + "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"),
            .status(200)),
        Bytes("half a head", "POST /invocations HTTP/1.1\r\nHost", .any),
        Bytes("half a body", post("Content-Length: 100\r\n", #"{"input"#), .any),
    ]

    @Test("It is refused or cut off, and others are answered as before")
    func hostile() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            for _ in 0..<3 {
                for hostile in Self.all {
                    let answer = try await Self.exchange(hostile, port: port)
                    Self.check(hostile, answer)
                }
                #expect(try await server.post(Self.question).status == 200)
            }
            try await Self.expectRest(of: server)
        }
    }

    /// What an answer must not tell: paths and names of the program, and what was sent.
    private static let inner = [
        "Sources/", "/usr/", "Swift.", "NIO", "Decoding", "fatal", "10.0.0.1", "passwd", "Optional(",
    ]

    @Test(
        "More than 500 that are hostile get what they deserve, and nothing of the server; others hardly wait"
    )
    func many() async throws {
        #expect(Set(HostileBodies.all.map(\.bytes)).count > 500)
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            let before = try await Self.waits(for: server, at: 300)
            let isDone = Happening()
            async let meanwhile = Self.waits(for: server, at: 300, until: isDone)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, hostile) in HostileBodies.all.enumerated() {
                    if number >= 16 { try await group.next() }
                    group.addTask { Self.check(hostile, try await Self.exchange(hostile, port: port)) }
                }
                try await group.waitForAll()
            }
            isDone.happen()
            let among = Self.slow(try await meanwhile)
            let alone = max(Self.slow(before), Self.slow(try await Self.waits(for: server, at: 300)))
            // Of what is shorter than that the other tests of this process decide.
            #expect(among > .zero && among <= max(alone * 3, .seconds(1)), "\(among), alone \(alone)")
            try await Self.expectRest(of: server)
        }
    }

    /// How long a healthy client waits for each answer, asking for so many, and for more until something has happened. It runs
    /// on the thread of an event loop, as the server does: the threads of other tasks may be busy with other tests.
    private static func waits(
        for server: RunningServer, at least: Int, until isDone: Happening? = nil
    ) async throws -> [Duration] {
        try await withTaskExecutorPreference(LoopExecutor.any) {
            var waits: [Duration] = []
            while waits.count < least || isDone?.hasHappened == false {
                let began = ContinuousClock.now
                let answer = try await server.post(question)
                waits.append(ContinuousClock.now - began)
                try #require(answer.status == 200)
            }
            return waits
        }
    }

    /// The 99th percentile; nothing for none.
    private static func slow(_ waits: [Duration]) -> Duration {
        waits.isEmpty ? .zero : waits.sorted()[waits.count * 99 / 100]
    }

    @Test("A head alone can be asked for; an answer says when it was given")
    func head() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            for path in ["/ping", "/health", "/ready", "/version", "/metrics", "/agent/info", "/openapi.json"] {
                let head = Bytes(path, "HEAD \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", .status(200))
                let answer = try await Self.exchange(head, port: port)
                Self.check(head, answer)
                #expect(answer.hasSuffix("\r\n\r\n") && answer.contains("Content-Length: "), "\(answer)")
                #expect(answer.contains(/\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/))
            }
        }
        #expect(ClockText().text(at: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    private static func check(_ hostile: Bytes, _ answer: String) {
        let line = String(answer.prefix { $0 != "\r\n" })
        switch hostile.outcome {
        case .status(let status): #expect(line.hasPrefix("HTTP/1.1 \(status) "), "\(hostile.name): \(line)")
        case .refused:
            let isRefused = line.hasPrefix("HTTP/1.1 400 ") || line.hasPrefix("HTTP/1.1 431 ")
            #expect(line.isEmpty || isRefused, "\(hostile.name): \(line)")
        case .notFailed: #expect(!line.hasPrefix("HTTP/1.1 5"), "\(hostile.name): \(line)")
        case .any: break
        }
        for word in inner { #expect(!answer.contains(word), "\(hostile.name): \(answer)") }
    }

    @Test(
        "2,000 connections that are idle leave others their answers",
        .enabled(if: OpenFileLimit.current ?? .max > 6_000))
    func crowd() async throws {
        // However long it takes to open them, none is cut off meanwhile.
        let change: (inout InvocationServer) -> Void = {
            ($0.limits.connections, $0.limits.arrival) = (4_000, .seconds(600))
        }
        try await RunningServer.run([StagedAgent.saying("x").published()], change: change) { server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            var channels: [any Channel] = []
            for number in 0..<2_000 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: port).get()
                if number % 2 == 0 {
                    channel.writeAndFlush(ByteBuffer(string: "POST /invocations HTTP/1.1\r\nHo"), promise: nil)
                }
                channels.append(channel)
            }
            for _ in 0..<20 { #expect(try await server.post(Self.question).status == 200) }
            var count = 0
            for _ in 0..<600 where count < 2_000 {  // The last ones may not be taken yet.
                let metrics = String(decoding: try await server.get("/metrics").body, as: UTF8.self)
                let told = metrics.split(separator: "\n").first { $0.hasPrefix("drover_connections ") }
                count = try #require(told?.split(separator: " ").last.flatMap { Int(String($0)) })
                if count < 2_000 { try await Task.sleep(for: .milliseconds(50)) }
            }
            #expect(count >= 2_000)
            for channel in channels { channel.close(promise: nil) }
        }
    }

    @Test("Idle connections are no more than there may be, and go after a while: then others are answered")
    func idle() async throws {
        let change: (inout InvocationServer) -> Void = {
            ($0.limits.connections, $0.limits.arrival) = (8, .seconds(2))
        }
        try await RunningServer.run([StagedAgent.saying("x").published()], change: change) { server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            for _ in 0..<40 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: port).get()
                // Half a head, so that it is not known whether more comes.
                channel.writeAndFlush(ByteBuffer(string: "POST /invocations HTTP/1.1\r\nHo"), promise: nil)
            }
            for _ in 0..<3 { #expect(try await server.post(Self.question).status == 200) }
        }
    }

    @Test(
        "A body that no route reads holds no connection: it is closed with the answer",
        arguments: ["GET /ping", "POST /nowhere", "DELETE /invocations"])
    func unread(asked: String) async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            let channel = try await Self.connection(port)
            let isLate = Happening()
            let timer = channel.channel.eventLoop.scheduleTask(in: .seconds(40)) {
                isLate.happen()
                channel.channel.close(promise: nil)
            }
            defer { timer.cancel() }
            let answer = try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(
                    ByteBuffer(string: "\(asked) HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n{"))
                var answer = ""
                for try await piece in inbound { answer += String(buffer: piece) }
                return answer.lowercased()
            }
            #expect(!isLate.hasHappened && answer.contains("\r\nconnection: close\r\n"), "\(answer)")
        }
    }

    @Test(
        "What follows an answer that says it is the last one is neither carried out nor answered",
        arguments: ["GET /ping", "POST /nowhere"])
    func behindTheLast(asked: String) async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let next = Self.post("Content-Length: \(Self.question.utf8.count)\r\n", Self.question)
            let (head, rest) = try await HTTP10Tests.answer(
                to: "\(asked) HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{\(next)", of: server)
            #expect(head.contains("\r\nconnection: close"), "\(head)")
            #expect(!rest.contains("HTTP/1.1"), "\(rest)")
            _ = try await server.logged(1)
            #expect(server.log.all.count == 1)
        }
    }

    @Test("A body without end is not read on after it was refused")
    func endless() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.limits.body = 1000 }) {
            server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            let chunk = "3e8\r\n" + String(repeating: "x", count: 1000) + "\r\n"
            let channel = try await Self.connection(port)
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: Self.post("Transfer-Encoding: chunked\r\n")))
                var isCutOff = false
                while !isCutOff {
                    try Task.checkCancellation()
                    do {
                        for _ in 0..<100 { try await outbound.write(ByteBuffer(string: chunk)) }
                        try await Task.sleep(for: .milliseconds(20))
                    } catch {
                        isCutOff = true
                    }
                }
                #expect(isCutOff)
            }
            #expect(try await server.logged(1)["status"] == 413)
        }
    }

    /// No request is in flight, or soon none: the server may see a little later than its client that a connection closed.
    private static func expectRest(of server: RunningServer) async throws {
        for _ in 0..<600 {
            let metrics = String(decoding: try await server.get("/metrics").body, as: UTF8.self)
            if metrics.contains("drover_requests_in_flight 0\n") { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("Requests whose clients went are in flight after half a minute.")
    }

    /// - Parameter takes: How many bytes the system takes in for the client; as it likes where nil.
    static func connection(_ port: Int, takes: Int32? = nil) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let takes { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(takes)) }
        return try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    }

    /// The head that comes back; nothing when the other side closes, or says nothing for a while: for one second where no
    /// answer is wanted, and else as long as a busy machine may take.
    private static func exchange(_ hostile: Bytes, port: Int) async throws -> String {
        let channel = try await connection(port)
        let patience: TimeAmount =
            switch hostile.outcome {
            case .any, .notFailed: .seconds(1)
            case .status, .refused: .seconds(30)
            }
        let timer = channel.channel.eventLoop.scheduleTask(in: patience) { channel.channel.close(promise: nil) }
        defer { timer.cancel() }
        return try await channel.executeThenClose { inbound, outbound in
            // The other side may close before all of it is sent.
            try? await outbound.write(ByteBuffer(bytes: hostile.bytes))
            var answer = ""
            do {
                for try await piece in inbound {
                    answer += String(buffer: piece)
                    if answer.contains("\r\n\r\n") { break }
                }
            } catch {
                // It was cut off.
            }
            return answer
        }
    }
}
