import Language
import NIOCore
import Runtime
import Testing
import Wire

@testable import Serving

@Suite("Unanswered requests", .timeLimit(.minutes(20)))
struct UnansweredRequestTests {
    private static let question = #"{"input":[{"role":"user","content":"Hi"}]}"#
    private static let streamed = #"{"input":[{"role":"user","content":"Hi"}],"stream":true}"#

    @Test(
        "What fails before the first piece is an error with its status; later it is the last event. No words of servers"
    )
    func failures() async throws {
        let secret = "http://10.0.0.7 said: password"
        let broken = Diagnostic("server-error", "The server failed", detail: secret, cause: .unavailable)
        let early = StagedAgent { _, _ in throw broken }
        let late = StagedAgent { _, tell in
            await tell(.text("The "))
            throw broken
        }
        try await RunningServer.run([early.published("early"), late.published("late")]) { server in
            for stream in [true, false] {
                let answer = try await server.post(#"{"input":"x","model":"early","stream":\#(stream)}"#)
                #expect(answer.status == 502 && answer.json["error"]?["code"] == "upstream_failed")
                #expect(answer.json["request_id"]?.string == answer.header("x-request-id"))
            }
            let cut = try await server.post(#"{"input":"x","model":"late","stream":true}"#)
            #expect(cut.status == 200 && cut.events.last == "[DONE]")
            let failed = try Value(json: cut.events[cut.events.count - 2].utf8)
            #expect(failed["type"] == "response.failed" && failed["response"]?["output"]?.array?.count == 1)
            #expect(!String(decoding: cut.body, as: UTF8.self).contains("10.0.0.7"))
            for number in 1...3 { #expect(try await server.logged(number)["error"]?.string == secret) }
        }
    }

    /// Asks, and goes away once something has happened; an answer before that counts as such.
    private static func leave(_ server: RunningServer, once began: Happening, _ isStreamed: Bool) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try? await server.post(isStreamed ? Self.streamed : Self.question)
                began.happen()
            }
            await began.wait()
            group.cancelAll()
        }
    }

    @Test("A client that goes away ends the request behind, streamed or not", arguments: [true, false])
    func abandoned(isStreamed: Bool) async throws {
        let (began, ended) = (Happening(), Happening())
        let agent = StagedAgent { _, tell in
            await tell(.text("The "))
            began.happen()
            defer { ended.happen() }
            try await Task.sleep(for: .seconds(600))
            return Answer(status: .completed)
        }
        try await RunningServer.run([agent.published()]) { server in
            await Self.leave(server, once: began, isStreamed)
            await ended.wait()
            #expect(ended.hasHappened)
        }
    }

    @Test(
        "A client that has gone before the first piece was answered nothing: its request is no success",
        arguments: [true, false])
    func abandonedEarly(isStreamed: Bool) async throws {
        let began = Happening()
        let agent = StagedAgent { _, _ in
            began.happen()
            try await Task.sleep(for: .seconds(600))
            return Answer(status: .completed)
        }
        try await RunningServer.run([agent.published()]) { server in
            await Self.leave(server, once: began, isStreamed)
            let line = try await server.logged(1)
            #expect(line["status"] == 499 && line["error"] == "the client went away", "\(line)")
            let metrics = String(decoding: try await server.get("/metrics").body, as: UTF8.self)
            #expect(!metrics.contains(#"route="/invocations",status="200""#), "\(metrics)")
            #expect(metrics.contains("drover_requests_abandoned_total 1"), "\(metrics)")
        }
    }

    @Test("An answer that does not come in time is 504, or the last event")
    func expired() async throws {
        let agent = StagedAgent { request, tell in
            if request.text == "say" { await tell(.text("The ")) }
            try await Task.sleep(for: .seconds(600))
            return Answer(status: .completed)
        }
        try await RunningServer.run([agent.published()], change: { $0.limits.answer = .seconds(2) }) { server in
            #expect(try await server.post(Self.question).status == 504)
            let cut = try await server.post(#"{"input":"say","stream":true}"#)
            #expect(cut.status == 200 && cut.events[cut.events.count - 2].contains("response.failed"))
        }
    }

    @Test("A client that takes nothing of a stream is cut off soon after the time of its answer")
    func deaf() async throws {
        // It stands three times in the stream, which is more than a system holds of it.
        let agent = StagedAgent.saying(String(repeating: "x", count: 3 << 20))
        try await RunningServer.run([agent.published()], change: { $0.limits.answer = .milliseconds(200) }) { server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            let channel = try await HostileRequestTests.connection(port, takes: 1 << 16)
            try await channel.executeThenClose { _, outbound in
                let head =
                    "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: \(Self.streamed.utf8.count)\r\n\r\n"
                try await outbound.write(ByteBuffer(string: head + Self.streamed))
                // Not within half a minute where what it has not taken is waited for.
                let line = try await server.logged(1)
                #expect(line["path"] == "/invocations", "\(line)")
            }
        }
    }
}
