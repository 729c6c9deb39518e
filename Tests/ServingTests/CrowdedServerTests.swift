import Fakes
import Language
import NIOCore
import NIOPosix
import Runtime
import Synchronization
import Testing
import Wire

@testable import Serving

/// What many clients together may take of a server.
@Suite("Crowded server", .timeLimit(.minutes(20)))
struct CrowdedServerTests {
    private static let question = #"{"input":[{"role":"user","content":"Hi"}]}"#
    private static let streamed = #"{"input":[{"role":"user","content":"Hi"}],"stream":true}"#

    @Test(
        "What the server behind puts off is 503 with its time to try again, or one of ours",
        arguments: [(429, "7", "7"), (429, nil, "5"), (503, "0.2", "1")] as [(Int, String?, String)])
    func busyBehind(status: Int, wait: String?, told: String) async throws {
        let agent = StagedAgent { _, _ in
            let off = HTTPResponse(status: status, headers: wait.map { [("retry-after", $0)] } ?? [])
            let server = Endpoint(
                service: "OGX", base: "http://ogx:8321", transport: ScriptedTransport([.response(off)]), retry: .never)
            _ = try await server.send(Call("ask", .post, "/v1/responses"))
            return Answer(status: .completed)
        }
        try await RunningServer.run([agent.published()]) { server in
            for body in [Self.question, Self.streamed] {
                let refused = try await server.post(body)
                #expect(refused.status == 503 && refused.header("retry-after") == told)
                #expect(refused.json["error"]?["code"] == "upstream_busy")
            }
        }
    }

    @Test("An answer that failed because the model is busy is 503 with the time that the model's server names")
    func busyModel() async throws {
        let agent = StagedAgent { _, _ in
            var answer = Answer(status: .failed)
            answer.putOff = Answer.PutOff(wait: .milliseconds(2500))
            return answer
        }
        try await RunningServer.run([agent.published()]) { server in
            let refused = try await server.post(Self.question)
            #expect(refused.status == 503 && refused.header("retry-after") == "3")
        }
    }

    /// An agent that answers at once, but for `wait`.
    private static func waiting(
        _ began: Happening, until goOn: Happening, _ note: @escaping @Sendable (String) -> Void = { _ in }
    ) -> StagedAgent {
        StagedAgent { request, _ in
            note(request.text ?? "")
            if request.text == "wait" {
                began.happen()
                await goOn.wait()
            }
            return Answer(status: .completed, text: "x", hasMessage: true)
        }
    }

    private static func onePlace(patience: Duration) -> (inout InvocationServer) -> Void {
        { ($0.limits.concurrency, $0.limits.patience) = (1, patience) }
    }

    @Test("Beyond the places and the line requests are refused with a time to try again; then there is room again")
    func tooMany() async throws {
        let (began, goOn) = (Happening(), Happening())
        let agent = Self.waiting(began, until: goOn)
        let change = Self.onePlace(patience: .milliseconds(50))
        try await RunningServer.run([agent.published()], change: change) { server in
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    defer { began.happen() }
                    return try await server.post(#"{"input":"wait"}"#).status
                }
                await began.wait()
                let refused = try await server.post(Self.question)
                #expect(refused.status == 429 && refused.header("retry-after") == "1")
                #expect(refused.json["error"]?["type"] == "rate_limit_error")
                goOn.happen()
                #expect(try await group.next() == 200)
                #expect(try await server.post(Self.question).status == 200)
            }
        }
    }

    @Test("A client that has gone before its body was read counts as one that went away")
    func goneWithin() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let gone = try await Self.connect(server)
            let head = "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
            try await gone.writeAndFlush(ByteBuffer(string: head + "{"))
            try await gone.close()
            #expect(try await server.logged(1)["status"] == 499)
            let metrics = String(decoding: try await server.get("/metrics").body, as: UTF8.self)
            #expect(metrics.contains("drover_requests_abandoned_total 1\n"), "\(metrics)")
        }
    }

    @Test("A client that has gone while it waited for its place leaves the line, and nothing is asked of it")
    func goneBefore() async throws {
        let (began, goOn) = (Happening(), Happening())
        let asked = Mutex<[String]>([])
        let agent = Self.waiting(began, until: goOn) { text in asked.withLock { $0.append(text) } }
        let change = Self.onePlace(patience: .seconds(60))
        try await RunningServer.run([agent.published()], change: change) { server in
            async let first = server.post(#"{"input":"wait"}"#).status
            await began.wait()
            let body = #"{"input":"gone"}"#
            let head = "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            let gone = try await Self.connect(server)
            try await gone.writeAndFlush(ByteBuffer(string: head + body))
            try await gone.close()
            // It leaves the line while the place is still taken.
            #expect(try await server.logged(1)["status"] == 499)
            let metrics = String(decoding: try await server.get("/metrics").body, as: UTF8.self)
            #expect(metrics.contains("drover_requests_abandoned_total 1\n"), "\(metrics)")
            goOn.happen()
            #expect(try await first == 200)
            #expect(try await server.post(#"{"input":"next"}"#).status == 200)
        }
        #expect(asked.withLock { $0 } == ["wait", "next"])
    }

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

    /// A question that takes so much of the budget.
    private static func long(_ text: String, _ bytes: Int) -> String {
        let body = "{\"input\":\"\(text)\"}"
        return body + String(repeating: " ", count: RequestHandler.long + bytes - body.utf8.count)
    }

    @Test("Long bodies have a budget together: beyond it 503 with a time to try again; short ones need none")
    func bodies() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.limits.bodies = 10_000 }) {
            server in
            let body = Self.long("x", 3_000)
            #expect(try await server.post(body).status == 200)
            let length = RequestHandler.long + 10_000
            let begun =
                "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: \(length + 1)\r\n\r\n"
                + String(repeating: " ", count: length)
            var slow = try await Self.connect(server, sending: begun)
            // As soon as those are read.
            #expect(
                try await Self.soon {
                    // It may have been refused itself, while the other one was read.
                    if !slow.isActive { slow = try await Self.connect(server, sending: begun) }
                    return try await server.post(body).status == 503
                })
            let refused = try await server.post(body)
            #expect(refused.header("retry-after") == "1" && refused.json["error"]?["code"] == "too_much_to_read")
            #expect(try await server.post(#"{"input":"x"}"#).status == 200)
            #expect(try await server.post(Self.long("x", 0)).status == 200)
            slow.close(promise: nil)
            #expect(try await Self.soon { try await server.post(body).status == 200 })
        }
    }

    @Test("What slow clients have sent of short bodies has a budget of its own; questions of up to 4 KiB need none")
    func beginnings() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.limits.beginnings = 10_000 }) {
            server in
            let begun =
                "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"
                + String(repeating: " ", count: RequestHandler.short + 9_000)
            var slow = try await Self.connect(server, sending: begun)
            let body = #"{"input":"x"}"# + String(repeating: " ", count: RequestHandler.short + 2_000)
            #expect(
                try await Self.soon {
                    // It may have been refused itself, while the other one was read.
                    if !slow.isActive { slow = try await Self.connect(server, sending: begun) }
                    return try await server.post(body).status == 503
                })
            #expect(try await server.post(#"{"input":"x"}"#).status == 200)
            slow.close(promise: nil)
            #expect(try await Self.soon { try await server.post(body).status == 200 })
        }
    }

    @Test("Many small values count for what they take, and too many are refused, however short their JSON is")
    func values() async throws {
        let (began, goOn) = (Happening(), Happening())
        let agent = Self.waiting(began, until: goOn)
        @Sendable func body(_ text: String, _ lists: Int) -> String {
            let lists = [String](repeating: "[]", count: lists).joined(separator: ",")
            return #"{"input":"\#(text)","custom_inputs":{"a":[\#(lists)]}}"#
        }
        // Each list takes 144 bytes.
        try await RunningServer.run([agent.published()], change: { $0.limits.bodies = 500_000 }) { server in
            #expect(try await server.post(body("x", 5_000)).status == 413)
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    defer { began.happen() }
                    return try await server.post(body("wait", 3_000)).status
                }
                await began.wait()
                let refused = try await server.post(body("next", 3_000))
                #expect(refused.status == 503 && refused.json["error"]?["code"] == "too_much_to_read")
                #expect(try await server.post(body("next", 400)).status == 200)
                goOn.happen()
                #expect(try await group.next() == 200)
                #expect(try await Self.soon { try await server.post(body("next", 3_000)).status == 200 })
            }
        }
    }

    @Test("A body that has no room even alone, with what its values take, is refused for good")
    func neverRoom() async throws {
        let lists = [String](repeating: "[]", count: 1_300).joined(separator: ",")
        let body = #"{"input":"x","custom_inputs":{"a":[\#(lists)]}}"#
        let spaces = String(repeating: " ", count: RequestHandler.long + 80_000 - body.utf8.count)
        // Its values take 188,000 bytes, of which the first 64 KiB do not count, and 80,000 of its own do.
        let change: (inout InvocationServer) -> Void = { $0.limits.bodies = 200_000 }
        try await RunningServer.run([StagedAgent.saying("x").published()], change: change) { server in
            let refused = try await server.post(body + spaces)
            #expect(refused.status == 413 && refused.json["error"]?["code"] == "request_too_large")
            #expect(try await server.post(body).status == 200)
        }
    }

    @Test("A long question has its part of the budget until it is answered")
    func answered() async throws {
        let (began, goOn) = (Happening(), Happening())
        let agent = Self.waiting(began, until: goOn)
        try await RunningServer.run([agent.published()], change: { $0.limits.bodies = 10_000 }) { server in
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    defer { began.happen() }
                    return try await server.post(Self.long("wait", 6_000)).status
                }
                await began.wait()
                let next = Self.long("next", 6_000)
                let refused = try await server.post(next)
                #expect(refused.status == 503 && refused.json["error"]?["code"] == "too_much_to_read")
                #expect(try await server.post(Self.long("next", 4_000)).status == 200)
                goOn.happen()
                #expect(try await group.next() == 200)
                #expect(try await Self.soon { try await server.post(next).status == 200 })
            }
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
            let crowd = idle
            #expect(try await Self.soon { crowd.contains { !$0.isActive } })
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
        let rest = ByteBudget(10)
        do {
            var share = BodyShare(ByteShare(of: budget), ByteShare(of: rest))
            try share.take(0..<RequestHandler.short + 2)
            #expect(budget.take(8) && !budget.take(1))
            budget.giveBack(8)
            try share.take(RequestHandler.long..<RequestHandler.long + 3)
            try share.take(weight: RequestHandler.long + 4)
            #expect(rest.take(3) && !rest.take(1))
            rest.giveBack(3)
            #expect(throws: ServedError.busyReading) { try share.take(weight: RequestHandler.long + 4) }
        }
        #expect(rest.take(10))
        #expect(budget.take(10))
    }
}

@Suite("BodyWeight")
struct BodyWeightTests {
    @Test("Lists, objects and what is in them have a weight, texts none, and nothing counts that is nested too deep")
    func weights() {
        func weight(_ text: String) -> Int { Array(text.utf8).withUnsafeBytes(BodyWeight.of) }
        #expect(weight(#"{"input":"a, [b], {c}, \"d\", \\"}"#) == 256)
        #expect(weight("[[],[],{}]") == 3 * 64 + 256 + 2 * 80)
        #expect(weight("[0,0,0]") == 64 + 2 * 80 && weight("") == 0)
        #expect(weight(String(repeating: "[", count: 1 << 20)) < 1 << 17)
    }
}
