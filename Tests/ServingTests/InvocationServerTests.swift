import Language
import Runtime
import Testing
import Wire

@testable import Serving

@Suite("InvocationServer", .timeLimit(.minutes(20)))
struct InvocationServerTests {
    private static let question = #"{"input":[{"role":"user","content":"Hi"}]}"#

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
            for (coding, status) in [("gzip", 415), ("identity, br", 415), ("Identity", 200)] {
                let body = #"{"input":"x","model":"b"}"#
                let headers = [(name: "content-encoding", value: coding)]
                #expect(try await server.post(body, headers: headers).status == status, "\(coding)")
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

    @Test("OpenAI's clients find the agents as models")
    func models() async throws {
        let agents = [StagedAgent.saying("x").published("a"), StagedAgent.saying("y").published("b")]
        try await RunningServer.run(agents) { server in
            let listed = try await server.get("/v1/models").json
            let models = listed["data"]?.array ?? []
            #expect(listed["object"] == "list" && models.map { $0["id"]?.string } == ["a", "b"])
            #expect(models.allSatisfy { $0["object"] == "model" && $0["owned_by"] == "drover" })
            #expect(models.map { $0["created"]?.integer } == agents.map(\.created))
            let name = try #require(models.last?["id"]?.string)
            let answer = try await server.post(#"{"input":"x","model":"\#(name)"}"#, to: "/v1/responses")
            #expect(answer.json["output"]?.array?.first?["content"]?.array?.first?["text"] == "y")
            #expect(try await server.post(Self.question, to: "/v1/models").status == 405)
        }
    }

    @Test("OpenAI's clients read one agent as a model, and are told of one that is not served")
    func oneModel() async throws {
        let agents = [StagedAgent.saying("x").published("a"), StagedAgent.saying("y").published("b")]
        try await RunningServer.run(agents) { server in
            let listed = try await server.get("/v1/models").json["data"]?.array
            #expect(try await server.get("/v1/models/b").json == listed?.last)
            let other = try await server.get("/v1/models/c")
            #expect(other.status == 404 && other.json["error"]?["message"] == "No such agent is served.")
            #expect(try await server.post(Self.question, to: "/v1/models/a").status == 405)
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

    @Test("Before the servers behind have answered, requests are told to come again: it is alive, and not ready")
    func starting() async throws {
        let publication = Publication()
        try await RunningServer.run(publication) { server in
            let refused = try await server.post(Self.question)
            #expect(refused.status == 503 && refused.header("retry-after") == "1")
            #expect(refused.json["error"]?["code"] == "not_ready" && refused.json["request_id"]?.string != nil)
            for (path, status) in [
                ("/health", 200), ("/ping", 200), ("/metrics", 200), ("/agent/info", 503), ("/v1/models", 503),
            ] {
                #expect(try await server.get(path).status == status)
            }
            #expect(try await server.get("/ready").json["status"] == "starting")
            publication.open([StagedAgent.saying("x").published()], backing: Backing())
            #expect(try await server.get("/ready").status == 200)
            #expect(try await server.post(Self.question).status == 200)
        }
    }
}
