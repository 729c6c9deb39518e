import Fakes
import FoundationEssentials
import Language
import Runtime
import Support
import Synchronization
import Testing
import Wire

@testable import Serving

@Suite("Traces of requests", .timeLimit(.minutes(20)))
struct TracedRequestTests {
    private let place = MLflowPlace(experimentID: "0", modelID: "m-1", modelURI: "models:/support/3")

    /// What MLflow has of the requests of a body.
    private func traces(
        of agent: StagedAgent, in fake: FakeMLflow = FakeMLflow(), by route: MLflowTraceRoute = .spans,
        joins: Bool = true, tokens: BearerTokens? = nil,
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws -> [FakeTrace] {
        let published = agent.published(place: place)
        let (_, tally) = try await MLflowTraceWriter.withWriter(to: fake.server(), route: route) { writer in
            try await RunningServer.run(
                [published], traces: writer, joinsTraces: joins, change: { $0.tokens = tokens }, body)
        }
        #expect(tally.missing == 0, "\(tally)")
        return fake.store.traces
    }

    @Test("A request is one trace with what was said before, its session, its user and its version")
    func whole() async throws {
        let agent = StagedAgent { _, tell in
            await tell(.toolStarted(name: "stock"))
            await tell(.toolFinished(Answer.ToolCall(name: "stock", tool: "stock", arguments: [:], result: "7")))
            await tell(.text("Seven."))
            return Answer(status: .completed, text: "Seven.", hasMessage: true, usage: .init(input: 5, output: 2))
        }
        let traces = try await traces(of: agent) { server in
            let answer = try await server.post(
                #"""
                {"input":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},
                  {"role":"user","content":"How many?"}],
                 "context":{"conversation_id":"c-7","user_id":"alice"},"custom_inputs":{"shop":1}}
                """#,
                headers: [("x-mlflow-return-trace-id", "true")])
            let id = answer.json["metadata"]?["trace_id"]?.string ?? ""
            #expect(id.wholeMatch(of: /tr-[0-9a-f]{32}/) != nil)
            #expect(try await server.logged(1)["trace"]?.string == id)
        }
        let trace = try #require(traces.first)
        #expect(traces.count == 1 && trace.experimentID == "0")
        let metadata = trace.info?["trace_metadata"]
        #expect(metadata?["mlflow.trace.session"] == "c-7" && metadata?["mlflow.trace.user"] == "alice")
        #expect(metadata?["mlflow.modelId"] == "m-1" && trace.info?["tags"]?["drover.model"] == "models:/support/3")
        #expect(trace.spans.map(\.name) == ["support", "m", "stock", "m"])
        let inputs = try Value(json: (trace.spans[0].attributes["mlflow.spanInputs"] ?? "").utf8)
        #expect(inputs["input"]?.array?.count == 3 && inputs["custom_inputs"] == ["shop": 1])
        let asked = try Value(json: (trace.spans[1].attributes["mlflow.spanInputs"] ?? "").utf8)
        #expect(asked["messages"]?.array?.compactMap { $0["role"]?.string } == ["system", "user", "assistant", "user"])
    }

    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test("A request of a trace is a part of it, and so is what it asks; what the trace says of itself stays")
    func joined() async throws {
        let told = Mutex<[TraceParent?]>([])
        let agent = StagedAgent { _, tell in
            told.withLock { $0.append(TraceParent.current) }
            await tell(.text("x"))
            return Answer(status: .completed, text: "x", hasMessage: true)
        }
        let traces = try await traces(of: agent) { server in
            for _ in 1...2 {
                let answer = try await server.post(
                    #"{"input":"x"}"#, headers: [("x-mlflow-return-trace-id", "true"), ("traceparent", Self.parent)])
                #expect(answer.json["metadata"]?["trace_id"] == "tr-0af7651916cd43dd8448eb211c80319c")
            }
        }
        let trace = try #require(traces.first)
        #expect(traces.count == 1 && trace.spans.count == 4 && Set(trace.spans.map(\.id)).count == 4)
        let roots = trace.spans.filter { $0.parent == "b7ad6b7169203331" }
        #expect(roots.map(\.name) == ["support", "support"])
        let behind = told.withLock { $0 }.map { $0?.header }
        #expect(Set(behind) == Set(roots.map { "00-0af7651916cd43dd8448eb211c80319c-\($0.id)-01" }))
        #expect(roots.allSatisfy { $0.attributes["drover.model"] == #""models:/support/3""# })
    }

    @Test("A request of a trace that is in another experiment is a trace of its own that names the other")
    func elsewhere() async throws {
        let fake = FakeMLflow()
        let other = try await fake.server().createExperiment("callers")
        var begun = MLflowTrace(
            id: try #require(TraceParent(header: Self.parent)).trace, experimentID: other, name: "caller",
            spans: [MLflowSpan(id: 0xb7ad_6b71_6920_3331, parent: nil, name: "caller", start: 1, end: 2)],
            usage: .init(input: 1, output: 1))
        begun.modelID = "m-9"
        let caller = begun
        _ = try await MLflowTraceWriter.withWriter(to: fake.server(), route: .spans) { $0.write(caller) }
        let traces = try await traces(of: StagedAgent.saying("x"), in: fake) { server in
            _ = try await server.post(#"{"input":"x"}"#, headers: [("traceparent", Self.parent)])
        }
        #expect(traces.count == 2 && traces[0].spans.map(\.name) == ["caller"] && traces[1].experimentID == "0")
        #expect(traces[1].info?["tags"]?["drover.traceparent"] == .string(Self.parent))
        #expect(traces[1].spans.first?.name == "support" && traces[1].spans.first?.parent == nil)
    }

    @Test("What is not kept or not to be joined, or goes to an MLflow that joins nothing, is a trace of its own")
    func apart() async throws {
        let agent = StagedAgent.saying("x")
        for (fake, route, joins, parent) in [
            (FakeMLflow(version: "3.5.1"), MLflowTraceRoute.files, true, Self.parent),
            (FakeMLflow(), .spans, true, Self.parent.dropLast(2) + "00"), (FakeMLflow(), .spans, false, Self.parent),
        ] as [(FakeMLflow, MLflowTraceRoute, Bool, String)] {
            let traces = try await traces(of: agent, in: fake, by: route, joins: joins) { server in
                _ = try await server.post(#"{"input":"x"}"#, headers: [("traceparent", parent)])
            }
            #expect(traces.count == 1 && traces[0].id != "tr-0af7651916cd43dd8448eb211c80319c")
            #expect(traces[0].info?["tags"]?["drover.traceparent"] == .string(parent))
        }
    }

    @Test("Whose token a request bears is in the log and in the trace, as its user where it names none")
    func caller() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/tokens"
            try Data("alice alice-token-0123456789\n".utf8).write(to: URL(filePath: path))
            let traces = try await self.traces(of: StagedAgent.saying("x"), tokens: try BearerTokens(path: path)) {
                server in
                let bearer = (name: "authorization", value: "Bearer alice-token-0123456789")
                for (body, headers) in [
                    (#"{"input":"x"}"#, [bearer]),
                    (#"{"input":"x","context":{"user_id":"bob"},"stream":true}"#, [bearer]),
                    (#"{"input":"x"}"#, [bearer, (name: "traceparent", value: Self.parent)]),
                ] {
                    let answer = try await server.post(body, headers: headers)
                    #expect(answer.status == 200)
                }
                for number in 1...3 {
                    let line = try await server.logged(number)
                    #expect(line["caller"] == "alice")
                }
            }
            let apart = traces.filter { $0.id != "tr-0af7651916cd43dd8448eb211c80319c" }
            let users = apart.map { $0.info?["trace_metadata"]?["mlflow.trace.user"]?.string }
            #expect(Set(users) == ["alice", "bob"])
            #expect(apart.allSatisfy { $0.info?["tags"]?["drover.caller"] == "alice" })
            let joined = try #require(traces.first { $0.id == "tr-0af7651916cd43dd8448eb211c80319c" })
            #expect(joined.spans.first?.attributes["drover.caller"] == #""alice""#)
        }
    }

    @Test("What fails is traced with its reason, which its caller is not told; a stream tells the id before its end")
    func failed() async throws {
        let agent = StagedAgent { _, tell in
            await tell(.text("The "))
            throw Diagnostic("server-error", "The server failed", detail: "10.0.0.7 is down.", cause: .unavailable)
        }
        let traces = try await traces(of: agent) { server in
            let answer = try await server.post(
                #"{"input":"x","stream":true}"#, headers: [("x-mlflow-return-trace-id", "true")])
            #expect(answer.events.dropLast().last?.contains("trace_id") == true)
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("10.0.0.7"))
            #expect(try await server.post("{}").status == 400)
        }
        #expect(traces.count == 1 && traces.first?.info?["state"] == "ERROR")
        #expect(traces.first?.spans.first?.message == "10.0.0.7 is down.")
    }

    @Test("MLflow being away delays nothing, and what is lost is counted")
    func away() async throws {
        let fake = FakeMLflow()
        fake.cut(.before(1))
        let published = StagedAgent.saying("x").published(place: place)
        let (_, tally) = try await MLflowTraceWriter.withWriter(
            to: fake.server(), queueLimit: 2, deadline: .milliseconds(100)
        ) { writer in
            try await RunningServer.run([published], traces: writer) { server in
                for _ in 0..<5 { #expect(try await server.post(#"{"input":"x"}"#).status == 200) }
                let metrics = String(decoding: try await server.get("/metrics").body, as: UTF8.self)
                #expect(metrics.contains(#"drover_traces_total{outcome="dropped"}"#))
            }
        }
        #expect(tally.missing == 5 && tally.written == 0)
    }
}
