import Language
import NIOCore
import Runtime
import Synchronization
import Testing
import Wire

@testable import Serving

@Suite("Stopped server", .timeLimit(.minutes(20)))
struct StoppedServerTests {
    private static let question = #"{"input":[{"role":"user","content":"Hi"}]}"#

    @Test("A server that is stopped is not ready, ends what is in flight, and takes nothing new")
    func drained() async throws {
        let (began, goOn) = (Happening(), Happening())
        let agent = StagedAgent { _, _ in
            began.happen()
            await goOn.wait()
            return Answer(status: .completed, text: "whole", hasMessage: true)
        }
        try await RunningServer.run([agent.published()], change: { $0.limits.notice = .zero }) { server in
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                group.addTask {
                    defer { began.happen() }
                    // Of a client that closes its connections afterwards.
                    return try await AsyncHTTPTransport.withTransport { client in
                        let url = server.url + "/invocations"
                        return try await client.send(HTTPRequest(.post, url, body: Array(Self.question.utf8)))
                    }
                }
                await began.wait()
                server.stop.happen()
                // New connections are refused once it has heard of it.
                var isRefused = false
                while !isRefused {
                    try Task.checkCancellation()
                    do {
                        let ready = try await AsyncHTTPTransport.withTransport { client in
                            try await client.send(HTTPRequest(.get, server.url + "/ready"))
                        }
                        #expect(ready.status == 200 || ready.status == 503)
                    } catch is TransportFailure {
                        isRefused = true
                    }
                }
                goOn.happen()
                let running = try #require(try await group.next())
                #expect(running.status == 200 && String(decoding: running.body, as: UTF8.self).contains("whole"))
                #expect(running.header("connection") == "close")
                await server.ended.wait()
                #expect(server.ended.hasHappened)
            }
        }
    }

    @Test("Who asks whether a server is ready hears that it stops before it takes no more; until then all is answered")
    func noticed() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            @Sendable func ready() async throws -> Int {
                try await AsyncHTTPTransport.withTransport { client in
                    try await client.send(HTTPRequest(.get, server.url + "/ready")).status
                }
            }
            #expect(try await ready() == 200)
            server.stop.happen()
            // A refused connection is thrown.
            while try await ready() != 503 { try Task.checkCancellation() }
            let answer = try await AsyncHTTPTransport.withTransport { client in
                let url = server.url + "/invocations"
                return try await client.send(HTTPRequest(.post, url, body: Array(Self.question.utf8)))
            }
            #expect(answer.status == 200 && answer.header("connection") == "close")
            await server.ended.wait()
            await #expect(throws: TransportFailure.self) { try await ready() }
        }
    }

    @Test("At the end of a drain a request on a kept connection is answered whole, or not taken: none is lost")
    func kept() async throws {
        let (began, goOn) = (Happening(), Happening())
        let asked = Atomic<Int>(0)
        let agent = StagedAgent { request, _ in
            if request.text == "wait" {
                began.happen()
                await goOn.wait()
            } else {
                asked.add(1, ordering: .sequentiallyConsistent)
            }
            return Answer(status: .completed, text: "whole", hasMessage: true)
        }
        let (early, late) = ((0..<16).map { _ in Kept() }, (0..<48).map { _ in Kept() })
        let answers = try await RunningServer.run([agent.published()], change: { $0.limits.notice = .zero }) { server in
            try await withThrowingTaskGroup(of: String.self) { group in
                for kept in early + late { group.addTask { try await kept.ask(server) } }
                for kept in early + late { await kept.isOpen.wait() }
                async let waiting = server.post(#"{"input":"wait"}"#).status
                await began.wait()
                server.stop.happen()
                try await Self.drains(server)
                for kept in early { kept.mayAsk.happen() }
                while asked.load(ordering: .sequentiallyConsistent) < early.count { try await Self.pause() }
                // From here on each is faster than the server, or slower.
                goOn.happen()
                for kept in late {
                    kept.mayAsk.happen()
                    await Task.yield()
                }
                #expect(try await waiting == 200)
                let answers = try await group.reduce(into: []) { $0.append($1) }
                await server.ended.wait()
                return answers
            }
        }
        let given = answers.filter { !$0.isEmpty }
        #expect(given.count >= early.count && given.count == asked.load(ordering: .sequentiallyConsistent))
        for answer in given {
            #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("whole"), "\(answer)")
            #expect(answer.lowercased().contains("\r\nconnection: close\r\n"), "\(answer)")
        }
    }

    /// A connection on which something was asked before, and something is asked when it may be.
    private struct Kept: Sendable {
        let isOpen = Happening()
        let mayAsk = Happening()

        /// - Returns: What comes back on the second question until the connection ends; nothing when it ends before.
        func ask(_ server: RunningServer) async throws -> String {
            defer { isOpen.happen() }
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            let channel = try await HostileRequestTests.connection(port)
            return try await channel.executeThenClose { inbound, outbound in
                var pieces = inbound.makeAsyncIterator()
                try await outbound.write(ByteBuffer(string: "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"))
                var first = ""
                while !first.contains("healthy"), let piece = try await pieces.next() { first += String(buffer: piece) }
                isOpen.happen()
                await mayAsk.wait()
                let head =
                    "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: \(StoppedServerTests.question.utf8.count)\r\n\r\n"
                var answer = ""
                do {
                    try await outbound.write(ByteBuffer(string: head + StoppedServerTests.question))
                    while let piece = try await pieces.next() { answer += String(buffer: piece) }
                } catch {
                    // The other side had closed it.
                }
                return answer
            }
        }
    }

    /// Returns once a server says that it drains, or takes no connections any more.
    private static func drains(_ server: RunningServer) async throws {
        while true {
            try Task.checkCancellation()
            do {
                let ready = try await AsyncHTTPTransport.withTransport { client in
                    try await client.send(HTTPRequest(.get, server.url + "/ready"))
                }
                if ready.status == 503 { return }
            } catch is TransportFailure {
                return
            }
        }
    }

    private static func pause() async throws {
        try await Task.sleep(for: .milliseconds(1))
    }

    @Test("A client that takes nothing of its answer keeps no server from stopping")
    func deaf() async throws {
        let agent = StagedAgent.saying(String(repeating: "x", count: 16 << 20))
        try await RunningServer.run([agent.published()], change: { $0.limits.drain = .milliseconds(200) }) { server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            let channel = try await HostileRequestTests.connection(port)
            try await channel.executeThenClose { inbound, outbound in
                let head =
                    "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: \(Self.question.utf8.count)\r\n\r\n"
                try await outbound.write(ByteBuffer(string: head + Self.question))
                var pieces = inbound.makeAsyncIterator()
                _ = try await pieces.next()
                let start = ContinuousClock.now
                server.stop.happen()
                await server.ended.wait()
                #expect(server.ended.hasHappened && ContinuousClock.now - start < .seconds(40))
            }
        }
    }

    @Test("What a stopped server does not wait for is told so: before the first piece by a status, later by an event")
    func cutOff() async throws {
        let (quiet, telling) = (Happening(), Happening())
        let agent = StagedAgent { request, tell in
            if request.text == "say" { await tell(.text("The ")) }
            (request.text == "say" ? telling : quiet).happen()
            try await Task.sleep(for: .seconds(600))
            return Answer(status: .completed)
        }
        try await RunningServer.run([agent.published()], change: { $0.limits.drain = .milliseconds(200) }) { server in
            async let whole = server.post(Self.question)
            async let streamed = server.post(#"{"input":"say","stream":true}"#)
            await quiet.wait()
            await telling.wait()
            server.stop.happen()
            let refused = try await whole
            #expect(refused.status == 503 && refused.json["error"]?["code"] == "shutting_down")
            let cut = try await streamed
            #expect(cut.status == 200 && cut.events.last == "[DONE]")
            #expect(cut.events[cut.events.count - 2].contains("response.failed"))
            await server.ended.wait()
        }
    }
}
