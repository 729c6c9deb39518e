import Language
import Runtime
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
        try await RunningServer.run([agent.published()]) { server in
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
