import Language
import NIOCore
import NIOPosix
import Runtime
import Testing
import Wire

@testable import Serving

/// What many clients together may take of a server.
@Suite("Crowded server", .timeLimit(.minutes(20)))
struct CrowdedServerTests {
    /// Says yes within half a minute, or no.
    private static func soon(_ isSo: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<1_500 {
            if try await isSo() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    private static func connect(_ server: RunningServer, sending text: String = "") async throws -> any Channel {
        let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port).get()
        if !text.isEmpty { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        return channel
    }

    @Test("Bodies that are being read have a budget together: beyond it 503 with a time to try again, then room again")
    func bodies() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.limits.bodies = 10_000 }) {
            server in
            let body = #"{"input":"\#(String(repeating: "x", count: 3_000))"}"#
            #expect(try await server.post(body).status == 200)
            let head = "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n"
            let slow = try await Self.connect(server, sending: head + String(repeating: " ", count: 8_000))
            // As soon as those are read.
            #expect(try await Self.soon { try await server.post(body).status == 503 })
            let refused = try await server.post(body)
            #expect(refused.header("retry-after") == "1" && refused.json["error"]?["code"] == "too_much_to_read")
            #expect(try await server.post(#"{"input":"x"}"#).status == 200)
            slow.close(promise: nil)
            #expect(try await Self.soon { try await server.post(body).status == 200 })
        }
    }

    @Test("A full house of idle connections lets others in: those idle for longest are closed, what is answered is not")
    func fullHouse() async throws {
        let (began, goOn) = (Happening(), Happening())
        let agent = StagedAgent { request, _ in
            if request.text == "wait" {
                began.happen()
                await goOn.wait()
            }
            return Answer(status: .completed, text: "x", hasMessage: true)
        }
        // Idle connections do not go by themselves while this runs.
        let change: (inout InvocationServer) -> Void = {
            ($0.limits.connections, $0.limits.arrival) = (6, .seconds(600))
        }
        try await RunningServer.run([agent.published()], change: change) { server in
            async let waiting = server.post(#"{"input":"wait"}"#)
            await began.wait()
            var idle: [any Channel] = []
            for number in 0..<8 {
                // Some have asked before, some have begun to.
                let text = number % 2 == 0 ? "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n" : "GET /ping"
                idle.append(try await Self.connect(server, sending: text))
            }
            // On a connection of its own, as a probe comes.
            let probe = try await AsyncHTTPTransport.withTransport { client in
                try await client.send(HTTPRequest(.get, server.url + "/health", timeout: .seconds(30)))
            }
            #expect(probe.status == 200)
            #expect(try await Self.soon { !idle[0].isActive })
            goOn.happen()
            #expect(try await waiting.status == 200)
            for channel in idle { channel.close(promise: nil) }
        }
    }
}

@Suite("ByteBudget")
struct ByteBudgetTests {
    @Test("What a share took comes back with its end, and nothing is taken beyond what is there")
    func shares() throws {
        let budget = ByteBudget(10)
        do {
            var share = ByteShare(of: budget)
            try share.take(4)
            try share.take(6)
            #expect(throws: ServedError.busyReading) { try share.take(1) }
        }
        #expect(budget.take(10) && !budget.take(1))
        budget.giveBack(10)
        #expect(budget.take(10))
    }
}
