import Fakes
import Language
import Synchronization
import Testing
import Wire

@Suite struct EndpointTests {
    private struct NotAdmitted: Error {}

    @Test("Only calls that change something are asked about, before each try, and one that is not admitted is not sent")
    func admission() async throws {
        let transport = ScriptedTransport([.json("{}"), .json("{}"), .json(503, "{}"), .json("{}")])
        var endpoint = Endpoint(
            service: "OGX", base: "http://host", transport: transport, retry: RetryPolicy(base: .zero, cap: .zero))
        let asked = Mutex(0)
        endpoint.admit = { _ in
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            if number > 1 { throw NotAdmitted() }
        }
        _ = try await endpoint.send(Call("look", .get, "/"))
        _ = try await endpoint.send(Call("search", .post, "/search").reading)
        await #expect(throws: NotAdmitted.self) { try await endpoint.send(Call("remove", .delete, "/a")) }
        #expect(transport.requests.map(\.method) == [.get, .post, .delete])
    }

    /// A policy that does not wait.
    static let impatient = RetryPolicy(base: .zero, cap: .zero)

    private func endpoint(_ transport: ScriptedTransport, base: String = "http://host:1/x/") -> Endpoint {
        Endpoint(service: "OGX", base: base, transport: transport, retry: Self.impatient)
    }

    private struct Thing: Decodable, Sendable {
        struct Part: Decodable, Sendable {
            let id: String
        }
        let parts: [Part]
    }

    @Test("A call goes to its path below the base, with its query encoded")
    func request() async throws {
        let transport = ScriptedTransport([.json("{}")])
        let call = Call("list", .get, "/v1/things", query: [("after", "a b/ž"), ("limit", "1")])
        _ = try await endpoint(transport).send(call)
        #expect(transport.requests.map(\.url) == ["http://host:1/x/v1/things?after=a%20b%2F%C5%BE&limit=1"])
    }

    @Test("Credentials in the base become the authorization and are shown nowhere")
    func credentials() async throws {
        let transport = ScriptedTransport([])
        let endpoint = endpoint(transport, base: "https://ann:p%40ss@host")
        #expect(endpoint.base == "https://host")
        let error = await #expect(throws: WireError.self) { try await endpoint.send(Call("look", .get, "/a")) }
        #expect(transport.requests.first?.authorization?.revealed == "Basic YW5uOnBAc3M=")
        #expect("\(String(reflecting: error)) \(transport.requests)".contains("p@ss") == false)
    }

    @Test("A failure that may pass is tried again, and the attempts are counted")
    func retries() async throws {
        let transport = ScriptedTransport([
            .failure(TransportFailure(.broken, "reset")), .json(503, "{}"), .json(503, #"{"detail":"busy"}"#),
            .json(503, #"{"detail":"busy"}"#), .json(503, #"{"detail":"still busy"}"#),
        ])
        let error = await #expect(throws: WireError.self) {
            try await endpoint(transport).send(Call("look", .get, "/a"))
        }
        #expect(error?.attempts == 5)
        #expect(error?.status == 503)
        #expect(error?.message == "still busy")
    }

    @Test("A create whose answer was lost is not sent again")
    func ambiguous() async throws {
        let transport = ScriptedTransport([.failure(TransportFailure(.broken, "reset")), .json("{}")])
        let error = await #expect(throws: WireError.self) {
            try await endpoint(transport).send(Call("make", .post, "/a"))
        }
        #expect(error?.cause == .transport(.broken))
        #expect(transport.requests.count == 1)
    }

    @Test("A create that the server put off is sent again, unless it got through nevertheless", arguments: [429, 503])
    func putOff(status: Int) async throws {
        let off = ScriptedTransport.Step.response(HTTPResponse(status: status, headers: [("retry-after", "0")]))
        let call = Call("make", .post, "/a")
        let transport = ScriptedTransport([off, off, .json(#"{"parts":[]}"#)])
        let looks = Mutex(0)
        let made = try await endpoint(transport).create(call, as: Thing.self) {
            looks.withLock { $0 += 1 }
            return nil
        }
        #expect(made.parts.isEmpty && transport.requests.count == 3 && looks.withLock { $0 } == 2)
        let through = ScriptedTransport([off, .json("{}")])
        let found = try await endpoint(through).create(call, as: Thing.self) { Thing(parts: [.init(id: "a")]) }
        #expect(found.parts.map(\.id) == ["a"] && through.requests.count == 1)
    }

    @Test("What the model's server puts off is that also where a server in between answers with another status")
    func putOffWithin() async throws {
        let transport = ScriptedTransport([
            .json(400, #"{"error":{"code":429,"message":"slow down"}}"#), .json(#"{"x":1}"#),
        ])
        _ = try await endpoint(transport).waitingWhenPutOff.send(
            Call("ask", .post, "/a", body: .json(["q": "?"]), isRepeatable: false))
        #expect(transport.requests.count == 2)
    }

    /// What a server answers to a question that it does not take now, or at all.
    struct Refusal: Sendable {
        let why: String
        let response: HTTPResponse
        let code: Diagnostic.Code
        let retryAfter: Duration?

        static let all = [
            Refusal(
                why: "busy", response: HTTPResponse(status: 429, headers: [("retry-after", "7")]), code: "server-busy",
                retryAfter: .seconds(7)),
            Refusal(
                why: "busy for some time", response: HTTPResponse(status: 429), code: "server-busy", retryAfter: nil),
            Refusal(
                why: "away for a while", response: HTTPResponse(status: 503, headers: [("retry-after", "2.5")]),
                code: "server-busy", retryAfter: .seconds(2.5)),
            Refusal(
                why: "the model's server is busy",
                response: HTTPResponse(
                    status: 400, headers: [("content-type", "application/json")],
                    body: Array(#"{"error":{"code":"rate_limit_exceeded","message":"slow down"}}"#.utf8)),
                code: "server-busy", retryAfter: nil),
            Refusal(why: "down", response: HTTPResponse(status: 503), code: "server-error", retryAfter: nil),
            Refusal(
                why: "broken", response: HTTPResponse(status: 500, headers: [("retry-after", "7")]),
                code: "server-error", retryAfter: .seconds(7)),
        ]
    }

    @Test(
        "What a server puts off has a code of its own, and says when to ask again if the server does",
        arguments: Refusal.all)
    func busy(refusal: Refusal) async throws {
        let transport = ScriptedTransport([.response(refusal.response)])
        let call = Call("ask", .post, "/a", body: .json(["q": "?"]), isRepeatable: false)
        let error = await #expect(throws: WireError.self) { try await endpoint(transport).send(call) }
        let told = try #require(error).diagnostic()
        #expect(told.code == refusal.code && told.retryAfter == refusal.retryAfter, "\(refusal.why)")
        #expect(told.cause == .unavailable && transport.requests.count == 1, "\(refusal.why)")
    }

    @Test("A missing field is named as a user would find it")
    func missingField() async throws {
        let transport = ScriptedTransport([.json(#"{"parts":[{"id":"a"},{}]}"#)])
        let error = await #expect(throws: WireError.self) {
            _ = try await endpoint(transport).decode(Call("list", .get, "/a"), as: Thing.self)
        }
        #expect(error?.cause == .unreadable)
        #expect(error?.message == "The answer has no field `parts[1].id`.")
    }

    @Test("A web page instead of JSON is told as one")
    func webPage() async throws {
        let transport = ScriptedTransport([.page(200, "<html><title>Welcome</title>")])
        let error = await #expect(throws: WireError.self) {
            try await endpoint(transport).decode(Call("list", .get, "/a"), as: Value.self)
        }
        #expect(error?.message == "The answer is a web page (Welcome), not JSON.")
    }

    @Test("Events arrive in order, whatever the chunks are")
    func events() async throws {
        let transport = ScriptedTransport([.stream([Array("data: a\n\nda".utf8), Array("ta: b\n\n".utf8)])])
        let data = try await endpoint(transport).events(Call("ask", .post, "/a")) { events in
            var data: [String] = []
            for try await event in events { data.append(event.data) }
            return data
        }
        #expect(data == ["a", "b"])
    }

    @Test("A stream that breaks is an error of its own and is not started again")
    func brokenStream() async throws {
        let failure = TransportFailure(.timeout, "no answer within 30 s")
        let transport = ScriptedTransport([.stream([Array("data: a\n\n".utf8)], failure), .stream([])])
        let error = await #expect(throws: WireError.self) {
            try await endpoint(transport).events(Call("look", .get, "/a")) { for try await _ in $0 {} }
        }
        #expect(error?.cause == .stream)
        #expect(error?.message == "no answer within 30 s")
        #expect(transport.requests.count == 1)
    }

    @Test("A stream that is refused tells the status and the server's words")
    func refusedStream() async throws {
        let transport = ScriptedTransport([.json(400, #"{"error":{"message":"no model"}}"#)])
        let error = await #expect(throws: WireError.self) {
            try await endpoint(transport).events(Call("ask", .post, "/a")) { for try await _ in $0 {} }
        }
        #expect(error?.status == 400)
        #expect(error?.message == "no model")
    }

    @Test("A body gets time for its way, beside what the server may take")
    func timeToSend() async throws {
        let transport = ScriptedTransport([.json("{}"), .json("{}"), .json("{}")])
        let endpoint = Endpoint(service: "MLflow", base: "http://m", transport: transport, timeout: .seconds(400))
        let body = Call.Body.bytes([UInt8](repeating: 0, count: 1 << 20), contentType: "text/plain")
        _ = try await endpoint.send(Call("write it", .put, "/a", body: body))
        _ = try await endpoint.send(Call("write it", .put, "/a", body: body, timeout: .seconds(10)))
        _ = try await endpoint.send(Call("write it", .put, "/a", body: .bytes([0], contentType: "text/plain")))
        #expect(transport.requests.map(\.timeout) == [.seconds(404), .seconds(14), .seconds(400)])
    }
}
