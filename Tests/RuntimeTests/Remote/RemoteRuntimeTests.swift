import Fakes
import Foundation
import Language
import Synchronization
import Testing
import Wire

@testable import Runtime

@Suite struct RemoteRuntimeTests {
    private struct Weather: FunctionHandler {
        func call(_ arguments: Value) async throws -> String {
            "sunny in \(arguments["city"]?.string ?? "")"
        }
    }

    private func agent(maxSteps: Int = 10) -> AgentDefinition {
        let weather = ToolDefinition.Function(
            description: "Weather", parameters: ["properties": ["city": ["type": "string"]]])
        return AgentDefinition(
            name: "support", model: "m", instructions: "", tools: [ToolDefinition(name: "weather", function: weather)],
            maxSteps: maxSteps)
    }

    private func runtime(
        _ transport: any HTTPTransport, token: String? = nil, handlers: [String: any FunctionHandler] = [:]
    ) -> RemoteRuntime {
        let endpoint = Endpoint(
            service: "", base: "http://served/invocations", transport: transport,
            authorization: token.map { .bearer(Secret($0)) }, retry: RetryPolicy(base: .zero, cap: .zero))
        return RemoteRuntime(ServedAgent(endpoint), handlers: handlers)
    }

    private func ask(_ runtime: RemoteRuntime, _ input: String, maxSteps: Int = 10) async throws -> Answer {
        try await runtime.ask(agent(maxSteps: maxSteps), AgentRequest(input), timeout: .seconds(30)) { _ in }
    }

    @Test("Each question of a conversation is sent with all that was said, under one id", arguments: [true, false])
    func turns(streams: Bool) async throws {
        let fake = FakeServedAgent(streams: streams)
        let answers = try await runtime(fake).withConversation(with: agent()) { conversation in
            let first = try await conversation.ask("One", timeout: .seconds(30)) { _ in }
            let second = try await conversation.ask("Two", timeout: .seconds(30)) { _ in }
            return [first, second]
        }
        #expect(answers.map(\.text) == ["1 messages", "3 messages"])
        #expect(answers.map(\.streamedText) == (streams ? ["1 messages", "3 messages"] : [nil, nil]))
        #expect(answers.allSatisfy { $0.latency > .zero && $0.usage == nil && $0.steps == nil })
        let ids = Set(fake.requests.map { $0["context"]?["conversation_id"]?.string ?? "" })
        #expect(ids.count == 1 && ids.first?.hasPrefix("drover-") == true)
        #expect(fake.requests.last?["input"]?.array?.map { $0["role"] } == ["user", "assistant", "user"])
    }

    @Test("Sampling, conversation and user are told; a caller's functions and what MLflow has no field for are refused")
    func request() async throws {
        let fake = FakeServedAgent(streams: true)
        var request: AgentRequest = "One"
        request.sampling = .init(temperature: 0.5, maxTokens: 8)
        (request.conversation, request.user) = ("c-1", "ann")
        _ = try await runtime(fake).ask(agent(), request, timeout: .seconds(30)) { _ in }
        let body = try #require(fake.requests.first)
        #expect(body["context"] == ["conversation_id": "c-1", "user_id": "ann"])
        #expect(body["temperature"] == 0.5 && body["max_output_tokens"] == 8 && body["top_p"] == nil)
        let function = AgentRequest.Function(name: "f", definition: .init(description: "", parameters: [:]))
        var others: [AgentRequest] = ["Two", "Three"]
        others[0].functions = [function]
        others[1].sampling.stop = ["END"]
        for other in others {
            let error = await #expect(throws: Diagnostic.self) {
                try await runtime(fake).ask(agent(), other, timeout: .seconds(30)) { _ in }
            }
            #expect(error?.cause == .lacking)
        }
        #expect(fake.requests.count == 1)
    }

    @Test(
        "A function with a handler is carried out here, and the agent goes on with its result",
        arguments: [true, false])
    func functions(streams: Bool) async throws {
        let fake = FakeServedAgent(streams: streams)
        let events = Mutex<[AgentEvent]>([])
        let answer = try await runtime(fake, handlers: ["weather": Weather()]).ask(
            agent(), "How is the weather?", timeout: .seconds(30)
        ) { event in events.withLock { $0.append(event) } }
        let call = Answer.ToolCall(
            name: "weather", tool: "weather", arguments: ["city": "Rome"], result: "sunny in Rome")
        #expect(answer.text == "1 messages, sunny in Rome" && answer.toolCalls == [call])
        #expect(
            events.withLock { $0 } == [
                .toolStarted(name: "weather"), .toolFinished(call), .text(answer.text), .finished(answer),
            ])
        let kinds = fake.requests.last?["input"]?.array?.map { $0["type"] ?? $0["role"] }
        #expect(kinds == ["user", "function_call", "function_call_output"])
    }

    @Test("A function without a handler is the caller's")
    func pending() async throws {
        let answer = try await ask(runtime(FakeServedAgent(streams: true)), "How is the weather?")
        #expect(answer.pendingCalls.map(\.name) == ["weather"] && answer.pendingCalls.first?.id == "call_1")
        #expect(answer.toolCalls.isEmpty && answer.status == .completed && !answer.hasMessage)
    }

    @Test("An agent that calls functions for ever is stopped after its steps")
    func endless() async throws {
        let call = #"{"type":"function_call","call_id":"c","name":"weather","arguments":"{}"}"#
        let step = ScriptedTransport.Step.json(#"{"output":[\#(call)]}"#)
        let transport = ScriptedTransport([step, step, step])
        let answer = try await ask(
            runtime(transport, handlers: ["weather": Weather()]), "How is the weather?", maxSteps: 2)
        #expect(answer.status == .incomplete && answer.error == "max_iterations_exceeded")
        #expect(transport.requests.count == 2)
    }

    @Test("A token is sent, and a missing one is explained")
    func authorization() async throws {
        let fake = FakeServedAgent(streams: true, token: "t0ps3cret")
        #expect(try await ask(runtime(fake, token: "t0ps3cret"), "One").text == "1 messages")
        let refused = await #expect(throws: Diagnostic.self) { try await ask(runtime(fake, token: "wrong"), "One") }
        #expect(refused?.code == "access-denied" && refused?.fix?.contains("DROVER_SERVED_TOKEN") == true)
    }

    @Test("What a served model raises is told, and not the paths of its server")
    func refusal() async throws {
        let url = try #require(
            Bundle.module.url(forResource: "Fixtures/mlflow/models-serve-bad-role", withExtension: "json"))
        let body = String(decoding: try Data(contentsOf: url), as: UTF8.self)
        let told = await #expect(throws: Diagnostic.self) {
            try await ask(runtime(ScriptedTransport([.json(400, body)])), "One")
        }
        #expect(told?.detail.contains("Invalid role: alien") == true && told?.detail.contains("File") == false)
        #expect(told?.detail.contains("`POST /invocations` at `http://served`") == true)
    }

    /// What a server may answer instead of an agent's answer, and the code that it is told by.
    struct Breakage: Sendable, CustomTestStringConvertible {
        var why: String
        var step: ScriptedTransport.Step
        var code: Diagnostic.Code

        var testDescription: String { why }

        static let delta = #"data: {"type":"response.output_text.delta","item_id":"m","delta":"Hel"}"# + "\n\n"
        static let all = [
            Breakage(why: "cut between two events", step: .stream([Array(delta.utf8)]), code: "stream-broken"),
            Breakage(
                why: "cut by the connection",
                step: .stream([Array(delta.utf8)], TransportFailure(.broken, "connection closed")),
                code: "stream-broken"),
            Breakage(
                why: "an error after the first word",
                step: .stream([Array((delta + "data: {\"error\": \"boom\"}\n\ndata: [DONE]\n\n").utf8)]),
                code: "stream-broken"),
            Breakage(why: "a model of numbers", step: .json(#"{"predictions": [1]}"#), code: "unexpected-answer"),
            Breakage(why: "no JSON", step: .json("OK"), code: "unexpected-answer"),
            Breakage(why: "the agent raises", step: .json(500, #"{"detail": "boom"}"#), code: "server-error"),
            Breakage(why: "no such route", step: .json(404, #"{"detail": "Not Found"}"#), code: "server-error"),
        ]
    }

    @Test("Whatever is no answer is an error, and the conversation is as it was", arguments: Breakage.all)
    func breakages(breakage: Breakage) async throws {
        let answer = #"{"output":[{"type":"message","role":"assistant","content":[{"text":"Hello"}]}]}"#
        let transport = ScriptedTransport([breakage.step, .json(answer)])
        try await runtime(transport).withConversation(with: agent()) { conversation in
            let told = await #expect(throws: Diagnostic.self) {
                try await conversation.ask("One", timeout: .seconds(30)) { _ in }
            }
            #expect(told?.code == breakage.code && told?.address == "agents.support")
            let answer = try await conversation.ask("Two", timeout: .seconds(30)) { _ in }
            #expect(answer.text == "Hello")
        }
        let last = try Value(json: try #require(try transport.requests.last?.body?.collected()))
        #expect(last["input"] == [["role": "user", "content": "Two"]])
    }
}
