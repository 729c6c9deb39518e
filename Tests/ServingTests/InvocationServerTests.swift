import Fakes
import FoundationEssentials
import Language
import Runtime
import Support
import Synchronization
import Testing
import Wire

@testable import Serving

@Suite("InvocationServer", .timeLimit(.minutes(20)))
struct InvocationServerTests {
    private static let question = #"{"input":[{"role":"user","content":"Hi"}]}"#
    private static let streamed = #"{"input":[{"role":"user","content":"Hi"}],"stream":true}"#

    @Test(
        "An answer is whole on all three routes, with usage as MLflow's clients want it",
        arguments: [
            "/invocations", "/responses", "/v1/responses",
        ])
    func whole(path: String) async throws {
        try await RunningServer.run([StagedAgent.saying("The quick fox").published()]) { server in
            let answer = try await server.post(Self.question, to: path)
            #expect(answer.status == 200 && answer.header("content-type") == "application/json")
            let json = answer.json
            #expect(json["object"] == "response" && json["status"] == "completed" && json["model"] == "support")
            #expect(json["output"]?.array?.first?["content"]?.array?.first?["text"] == "The quick fox")
            #expect(json["usage"]?["input_tokens_details"]?["cached_tokens"] == 0)
            let line = try await server.logged(1)
            #expect(line["agent"] == "support" && line["status"] == 200 && line["path"] == .string(path))
            #expect(answer.header("x-request-id") == line["request"]?.string)
        }
    }

    @Test("A stream arrives piece by piece, and ends with the whole answer and [DONE]")
    func streams() async throws {
        let (goOn, isHeard) = (Happening(), Happening())
        let agent = StagedAgent { _, tell in
            await tell(.text("The "))
            await goOn.wait()
            await tell(.text("fox"))
            return Answer(status: .completed, text: "The fox", hasMessage: true)
        }
        try await RunningServer.run([agent.published()]) { server in
            let request = HTTPRequest(.post, server.url + "/invocations", body: Array(Self.streamed.utf8))
            let events = try await server.client.stream(request) { head, chunks in
                #expect(head.header("content-type") == "text/event-stream; charset=utf-8")
                var events: [String] = []
                for try await event in chunks.events {
                    events.append(event.data)
                    // Only now, that the first piece is here, there is a second.
                    if event.data.contains("The ") { goOn.happen() }
                }
                isHeard.happen()
                return events
            }
            #expect(isHeard.hasHappened && events.last == "[DONE]")
            let last = try Value(json: events[events.count - 2].utf8)
            #expect(last["type"] == "response.completed")
            let deltas = try events.dropLast().map { try Value(json: $0.utf8) }.compactMap { $0["delta"]?.string }
            #expect(deltas == ["The ", "fox"])
        }
    }

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

    @Test("A reader that is slow slows the server behind")
    func backPressure() async throws {
        let box = Counter()
        let agent = StagedAgent { _, tell in
            for _ in 0..<10_000 {
                await tell(.text(String(repeating: "x", count: 10_000)))
                box.add()
            }
            return Answer(status: .completed, text: "x", hasMessage: true)
        }
        try await RunningServer.run([agent.published()]) { server in
            let request = HTTPRequest(.post, server.url + "/invocations", body: Array(Self.streamed.utf8))
            try await server.client.stream(request) { _, chunks in
                var told = 0
                for try await _ in chunks.events {
                    told += 1
                    if told < 20 { continue }
                    // Nothing is read for now: what is said stands still, long before the 100 MB are told.
                    var before = -1
                    while box.value != before {
                        before = box.value
                        try await Task.sleep(for: .milliseconds(300))
                    }
                    #expect(before < 6_000, "\(before) pieces were told to nobody.")
                    break
                }
                #expect(told == 20)
            }
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

    @Test("Of a client that has gone while it waited for its place nothing is asked")
    func goneBefore() async throws {
        let (began, goOn) = (Happening(), Happening())
        let asked = Mutex<[String]>([])
        let agent = Self.waiting(began, until: goOn) { text in asked.withLock { $0.append(text) } }
        let change = Self.onePlace(patience: .seconds(60))
        try await RunningServer.run([agent.published()], change: change) { server in
            async let first = server.post(#"{"input":"wait"}"#).status
            await began.wait()
            // It gives up before it has a place, and its connection closes.
            let url = server.url + "/invocations"
            await #expect(throws: TransportFailure.self) {
                try await AsyncHTTPTransport.withTransport { client in
                    let body = Array(#"{"input":"gone"}"#.utf8)
                    return try await client.send(HTTPRequest(.post, url, body: body, timeout: .milliseconds(300)))
                }
            }
            // A busy machine notices that late.
            try await Task.sleep(for: .seconds(6))
            goOn.happen()
            #expect(try await first == 200)
            #expect(try await server.post(#"{"input":"next"}"#).status == 200)
        }
        #expect(asked.withLock { $0 } == ["wait", "next"])
    }

    @Test("Without tokens a web page of another server may not ask; one of this server may")
    func foreignPage() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            for origin in ["http://evil.example", "null", "https://127.0.0.1:1"] {
                let answer = try await server.post(Self.question, headers: [(name: "origin", value: origin)])
                #expect(answer.status == 403 && answer.json["error"]?["code"] == "foreign_origin", "\(origin)")
            }
            let own = try await server.post(Self.question, headers: [(name: "origin", value: server.url)])
            #expect(own.status == 200)
        }
    }

    @Test("What is no request of an agent is refused in the one shape")
    func refused() async throws {
        try await RunningServer.run(
            [StagedAgent.saying("x").published("a"), StagedAgent.saying("y").published("b")],
            change: { $0.limits.body = 1000 }
        ) { server in
            let large = #"{"input":"\#(String(repeating: "x", count: 2000))"}"#
            let answers = [
                (try await server.post(Self.question), 400),
                (try await server.post(#"{"input":"x","model":"c"}"#), 404),
                (try await server.post(large), 413), (try await server.get("/nowhere"), 404),
                (try await server.get("/invocations"), 405),
                (try await server.post("x=1", headers: [("content-type", "application/x-www-form-urlencoded")]), 415),
            ]
            for (answer, status) in answers {
                #expect(answer.status == status, "\(answer.json)")
                #expect(answer.json["message"] == answer.json["detail"] && answer.json["error_code"] != nil)
                #expect(answer.json["error"]?["message"] == answer.json["message"])
            }
            #expect(try await server.get("/invocations").header("allow") == "POST")
            for (type, status) in [
                ("Application/JSON; charset=\"UTF-8\"", 200), ("application/json; charset=latin-1", 415),
            ] {
                let body = #"{"input":"x","model":"b"}"#
                #expect(
                    try await server.post(body, to: "/invocations/", headers: [("content-type", type)]).status == status
                )
            }
            let named = try await server.post(#"{"input":"x","model":"b"}"#)
            #expect(named.json["output"]?.array?.first?["content"]?.array?.first?["text"] == "y")
        }
    }

    @Test("Those that look after it are answered; metrics and a description of the routes, too")
    func others() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published(version: "models:/m/3")]) { server in
            #expect(try await server.get("/ping").body == Array("\n".utf8))
            #expect(try await server.get("/health").json == ["status": "healthy"])
            #expect(try await server.get("/ready").json == ["status": "ready"])
            #expect(try await server.get("/version").body == Array("0.0.0".utf8))
            let info = try await server.get("/agent/info").json
            #expect(info["agent_api"] == "responses" && info["agents"]?.array?.first?["model_version"] == "models:/m/3")
            _ = try await server.post(Self.question)
            let metrics = String(decoding: try await server.get("/metrics").body, as: UTF8.self)
            #expect(metrics.contains(#"drover_requests_total{route="/invocations",status="200"} 1"#), "\(metrics)")
            #expect(metrics.contains(#"drover_tokens_total{agent="support",kind="output"} 2"#))
            let paths = try await server.get("/openapi.json").json["paths"]?.object
            #expect(paths?.count == Route.allCases.count)
        }
    }

    @Test("MLflow's deployments client finds the agents as endpoints, and asks each by its name")
    func endpoints() async throws {
        try await RunningServer.run([
            StagedAgent.saying("x").published("a"), StagedAgent.saying("y").published("b", version: "models:/m/3"),
        ]) { server in
            let listed = try await server.get("/api/2.0/endpoints/").json["endpoints"]?.array ?? []
            #expect(listed.map { $0["name"]?.string } == ["a", "b"])
            let one = try await server.get("/api/2.0/endpoints/b").json
            #expect(one == listed[1] && one["model"] == ["name": "models:/m/3", "provider": "drover"])
            let url = try #require(one["endpoint_url"]?.string)
            let answer = try await server.post(Self.question, to: url)
            #expect(answer.json["output"]?.array?.first?["content"]?.array?.first?["text"] == "y")
            for path in ["/api/2.0/endpoints/c", "/endpoints/{name}/invocations", "/endpoints//invocations"] {
                let missing =
                    path.hasPrefix("/api") ? try await server.get(path) : try await server.post(Self.question, to: path)
                #expect(missing.status == 404, "\(path): \(missing.json)")
            }
        }
    }

    @Test("An agent that takes another's place answers new requests; running ones end on the old")
    func replaced() async throws {
        let (began, goOn) = (Happening(), Happening())
        let old = StagedAgent { request, _ in
            began.happen()
            await goOn.wait()
            return Answer(status: .completed, text: "old", hasMessage: true)
        }
        let publication = Publication([old.published(version: "models:/m/1")])
        try await RunningServer.run(publication) { server in
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                group.addTask {
                    defer { began.happen() }
                    return try await server.post(Self.question)
                }
                await began.wait()
                #expect(
                    publication.replace("support", with: StagedAgent.saying("new").published(version: "models:/m/2")))
                let new = try await server.post(Self.question)
                #expect(String(decoding: new.body, as: UTF8.self).contains("new"))
                goOn.happen()
                let running = try #require(try await group.next())
                #expect(String(decoding: running.body, as: UTF8.self).contains("old"))
            }
        }
    }

    @Test("What takes an agent's place may have another name, but not that of another one that is served")
    func renamed() throws {
        func agent(_ name: String, _ version: String) -> PublishedAgent {
            let whole = StagedAgent.saying("x").published(version: version)
            return PublishedAgent(
                name: name, definition: whole.definition, runtime: whole.runtime, version: whole.version)
        }
        let publication = Publication([agent("a", "models:/a/1"), agent("b", "models:/b/1")])
        #expect(!publication.replace("a", with: agent("b", "models:/a/2")))
        #expect(publication.agents.map(\.version) == ["models:/a/1", "models:/b/1"])
        #expect(publication.replace("a", with: agent("c", "models:/a/3")))
        #expect(publication.agents.map(\.version) == ["models:/a/3", "models:/b/1"])
        #expect(try publication.agent(named: "c").version == "models:/a/3")
        #expect(!publication.replace("a", with: agent("a", "models:/a/4")), "It has another name by now.")
    }

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

    @Test("With a certificate it serves by TLS; files that are none are named")
    func tls() async throws {
        try await withTemporaryDirectory { directory in
            let (certificate, key) = ("\(directory)/cert.pem", "\(directory)/key.pem")
            try Data(LoopbackIdentity.certificate.utf8).write(to: URL(filePath: certificate))
            try Data(LoopbackIdentity.key.utf8).write(to: URL(filePath: key))
            let authority = "\(directory)/authority.pem"
            try Data(LoopbackIdentity.authority.utf8).write(to: URL(filePath: authority))
            let shown = try Certificate(certificates: certificate, key: key)
            try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.certificate = shown }) {
                server in
                let url = server.url.replacing("http:", with: "https:")
                let answer = try await AsyncHTTPTransport.withTransport(tls: TLSOptions(caFile: authority)) {
                    client in
                    try await client.send(HTTPRequest(.post, url + "/invocations", body: Array(Self.question.utf8)))
                }
                #expect(answer.status == 200)
                await #expect(throws: TransportFailure.self) { try await server.post(Self.question) }
            }
            let (other, otherKey) = ("\(directory)/other.pem", "\(directory)/other-key.pem")
            try Data(LoopbackIdentity.clientCertificate.utf8).write(to: URL(filePath: other))
            try Data(LoopbackIdentity.clientKey.utf8).write(to: URL(filePath: otherKey))
            for (first, second, told) in [
                (key, key, "`\(key)` cannot be used: it has no certificates"),
                (certificate, certificate, "`\(certificate)` cannot be used: it has no private key"),
                ("none", key, "`none` cannot be used: it is not there."),
                (certificate, otherKey, "`\(otherKey)` cannot be used: its key is not that of"),
            ] {
                let error = #expect(throws: Diagnostic.self) { try Certificate(certificates: first, key: second) }
                #expect(error?.detail.contains(told) == true, "\(error?.detail ?? "")")
            }
        }
    }

    @Test("A certificate that was read again is shown to the next connection; one that cannot be used changes nothing")
    func newCertificate() async throws {
        try await withTemporaryDirectory { directory in
            let (certificate, key) = ("\(directory)/cert.pem", "\(directory)/key.pem")
            let authority = "\(directory)/authority.pem"
            @Sendable func put(_ text: String, _ path: String) throws {
                try Data(text.utf8).write(to: URL(filePath: path))
            }
            try put(LoopbackIdentity.authority, authority)
            try put(LoopbackIdentity.clientCertificate, certificate)
            try put(LoopbackIdentity.clientKey, key)
            let shown = try Certificate(certificates: certificate, key: key)
            var watch = FileWatch(shown.stamps)
            let early = watch.hasChanged(shown.stamps)
            #expect(!early)
            try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.certificate = shown }) {
                server in
                let url = server.url.replacing("http:", with: "https:") + "/health"
                let isTrusted = { @Sendable () async throws -> Bool in
                    try await AsyncHTTPTransport.withTransport(tls: TLSOptions(caFile: authority)) { client in
                        // Whatever keeps it from being trusted.
                        (try? await client.send(HTTPRequest(.get, url))) != nil
                    }
                }
                #expect(try await !isTrusted())
                try put(LoopbackIdentity.certificate, certificate)
                #expect(throws: Diagnostic.self) { try shown.reload() }
                #expect(try await !isTrusted())
                try put(LoopbackIdentity.key, key)
                try shown.reload()
                #expect(try await isTrusted())
                try put("", certificate)
                #expect(throws: Diagnostic.self) { try shown.reload() }
                #expect(try await isTrusted())
            }
            // A change is told once it has come to rest, and once only.
            let looks = (1...3).map { _ in watch.hasChanged(shown.stamps) }
            #expect(looks == [false, true, false])
        }
    }

    @Test("Before the servers behind have answered, requests are told to come again: it is alive, and not ready")
    func starting() async throws {
        let publication = Publication()
        try await RunningServer.run(publication) { server in
            let refused = try await server.post(Self.question)
            #expect(refused.status == 503 && refused.header("retry-after") == "1")
            #expect(refused.json["error"]?["code"] == "not_ready" && refused.json["request_id"]?.string != nil)
            for (path, status) in [("/health", 200), ("/ping", 200), ("/metrics", 200), ("/agent/info", 503)] {
                #expect(try await server.get(path).status == status)
            }
            #expect(try await server.get("/ready").json["status"] == "starting")
            publication.open([StagedAgent.saying("x").published()], backing: Backing())
            #expect(try await server.get("/ready").status == 200)
            #expect(try await server.post(Self.question).status == 200)
        }
    }

    @Test("With a file of tokens, callers are known by name, others refused; the file can be read again")
    func tokens() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/tokens"
            try Data("# who token\nalice alice-token-0123456789\n".utf8).write(to: URL(filePath: path))
            let tokens = try BearerTokens(path: path)
            try await RunningServer.run([StagedAgent.saying("x").published()], change: { $0.tokens = tokens }) {
                server in
                let bearer = { (token: String) in [(name: "authorization", value: "Bearer \(token)")] }
                #expect(try await server.post(Self.question).status == 401)
                let wrong = try await server.post(Self.question, headers: bearer("alice-token-0123456780"))
                #expect(wrong.status == 401 && wrong.header("www-authenticate") == "Bearer")
                #expect(try await server.get("/metrics").status == 401)
                #expect(try await server.get("/nowhere").status == 401)
                #expect(try await server.get("/health").status == 200)
                let right = try await server.post(Self.question, headers: bearer("alice-token-0123456789"))
                #expect(right.status == 200)
                _ = try await server.logged(6)
                #expect(server.log.all.contains { $0["caller"] == "alice" })
                try Data("bob bob-token-9876543210\n".utf8).write(to: URL(filePath: path))
                try tokens.reload()
                #expect(try await server.post(Self.question, headers: bearer("bob-token-9876543210")).status == 200)
                #expect(try await server.post(Self.question, headers: bearer("alice-token-0123456789")).status == 401)
                try Data("carol short\n".utf8).write(to: URL(filePath: path))
                #expect(throws: Diagnostic.self) { try tokens.reload() }
                #expect(try await server.post(Self.question, headers: bearer("bob-token-9876543210")).status == 200)
                // The last one is taken away, too.
                try Data("# nobody\n".utf8).write(to: URL(filePath: path))
                try tokens.reload()
                #expect(try await server.post(Self.question, headers: bearer("bob-token-9876543210")).status == 401)
            }
        }
    }
}

/// Counts.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int {
        count.load(ordering: .relaxed)
    }

    func add() {
        count.add(1, ordering: .relaxed)
    }
}
