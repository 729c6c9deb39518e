import Language
import NIOCore
import NIOPosix
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
