import Fakes
import Language
import Runtime
import Testing
import Wire

/// Whole turns in every way, with functions and agents that are asked, against frames as the servers send them.
@Suite struct AgentRuntimesTests {
    private struct Weather: FunctionHandler {
        func call(_ arguments: Value) async throws -> String {
            guard let city = arguments["city"]?.string, city != "Atlantis" else {
                throw FunctionFailure("no such city")
            }
            return "sunny in \(city)"
        }
    }

    private static let weather = ToolDefinition(
        name: "weather",
        function: .init(
            description: "Weather", parameters: ["properties": ["city": ["type": "string"]], "required": ["city"]]))

    private func agent(_ runtime: AgentDefinition.Runtime, _ tools: [ToolDefinition] = [weather]) -> AgentDefinition {
        AgentDefinition(name: "support", model: "llm", instructions: "Be brief.", tools: tools, runtime: runtime)
    }

    private func frames(_ frames: String...) -> ScriptedTransport.Step {
        .stream(frames.map { Array("data: \($0)\n\n".utf8) })
    }

    /// Asks one question of a server of a version that answers with these steps.
    private func ask(
        _ agent: AgentDefinition, on version: String, handlers: [String: any FunctionHandler] = ["weather": Weather()],
        again: String? = nil, _ steps: [ScriptedTransport.Step]
    ) async throws -> (answer: Answer, sent: [String]) {
        let probe: [ScriptedTransport.Step] = [
            .json(#"{"version":"\#(version)"}"#), .json(KnownRoutes.description(of: version).canonicalJSON),
        ]
        let transport = ScriptedTransport(probe + steps)
        let endpoint = Endpoint(
            service: "Llama Stack", base: "http://stack", transport: transport,
            retry: RetryPolicy(base: .zero, cap: .zero))
        let runtimes = AgentRuntimes(server: try await LlamaStack.connect(to: endpoint), handlers: handlers)
        let answer: Answer
        if let again {
            answer = try await runtimes.withConversation(with: agent) { conversation in
                _ = try await conversation.ask("Rome?", timeout: .seconds(30)) { _ in }
                return try await conversation.ask(AgentRequest(again), timeout: .seconds(30)) { _ in }
            }
        } else {
            answer = try await runtimes.ask(agent, "Rome?", timeout: .seconds(30)) { _ in }
        }
        let sent = transport.requests.dropFirst(2).map { request in
            "\(request.method.rawValue) \(request.url.dropFirst("http://stack".count)) "
                + String(decoding: (try? request.body?.collected()) ?? [], as: UTF8.self)
        }
        return (answer, sent)
    }

    private static let sunny = Answer.ToolCall(
        name: "weather", tool: "weather", arguments: ["city": "Rome"], result: "sunny in Rome")

    private func chatCall(_ arguments: String = #"{\"city\":\"Rome\"}"#) -> ScriptedTransport.Step {
        let call = #"{"index":0,"id":"c1","function":{"name":"weather","arguments":"\#(arguments)"}}"#
        return frames(
            #"{"choices":[{"delta":{"tool_calls":[\#(call)]}}]}"#,
            #"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
            #"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}"#)
    }

    private var chatText: ScriptedTransport.Step {
        frames(
            #"{"choices":[{"delta":{"content":"It is sunny."}}]}"#,
            #"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            #"{"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":4}}"#)
    }

    @Test("Chat completions: a function is carried out between two model calls, and both are counted")
    func chat() async throws {
        let (answer, sent) = try await ask(agent(.chat), on: "0.2.24", [chatCall(), chatText])
        #expect(answer.text == "It is sunny." && answer.streamedText == answer.text)
        #expect(answer.toolCalls == [Self.sunny])
        #expect(answer.steps == 2 && answer.usage == Answer.Usage(input: 30, output: 9))
        #expect(sent.count == 2 && sent[0].hasPrefix("POST /v1/openai/v1/chat/completions"))
        #expect(sent[1].contains(#"{"content":"sunny in Rome","role":"tool","tool_call_id":"c1"}"#))
    }

    @Test(
        "What goes wrong in a function is told to the model",
        arguments: [
            (#"{\"city\":\"Atlantis\"}"#, "no such city"), ("{}", "`city` is missing."),
            ("{", "The arguments are not a JSON object. A key is missing."),
            (#"{\"a\": 1e400}"#, "The arguments are not a JSON object. The number is too large."),
            (
                "{\\\"\u{E9}\\\": 1, \\\"e\u{301}\\\": 2}",
                "The arguments are not a JSON object. Two keys of one object differ only in Unicode normalisation."
            ),
        ])
    func functionErrors(_ arguments: String, _ error: String) async throws {
        let (answer, sent) = try await ask(agent(.chat), on: "1.5.0", [chatCall(arguments), chatText])
        #expect(answer.toolCalls.map(\.error) == [error])
        #expect(sent[1].contains("Error: \(error)"))
    }

    @Test("A function that nobody carries out is the caller's")
    func pending() async throws {
        let (answer, _) = try await ask(agent(.chat), on: "1.5.0", handlers: [:], [chatCall()])
        #expect(answer.pendingCalls.map(\.name) == ["weather"] && answer.pendingCalls.map(\.id) == ["c1"])
        #expect(answer.status == .completed && !answer.hasMessage && answer.toolCalls.isEmpty)
    }

    @Test("Of calls asked for at once, the agent's own are carried out, and the others are the caller's")
    func mixed() async throws {
        let own = #"{"index":0,"id":"c1","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}"#
        let other = #"{"index":1,"id":"c2","function":{"name":"lookup","arguments":"{}"}}"#
        let both = frames(
            #"{"choices":[{"delta":{"tool_calls":[\#(own),\#(other)]}}]}"#,
            #"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#)
        let lookup = ToolDefinition(name: "lookup", function: .init(description: "Looks up", parameters: [:]))
        let (answer, sent) = try await ask(agent(.chat, [Self.weather, lookup]), on: "1.5.0", [both])
        #expect(answer.toolCalls == [Self.sunny] && answer.pendingCalls.map(\.name) == ["lookup"])
        #expect(answer.status == .completed && sent.count == 1)
    }

    @Test("An agent that could never answer here is refused: what the server lacks, and a secret that is missing")
    func required() async throws {
        let endpoint = Endpoint(
            service: "Llama Stack", base: "http://stack",
            transport: ScriptedTransport([
                .json(#"{"version":"1.5.0"}"#), .json(KnownRoutes.description(of: "1.5.0").canonicalJSON),
            ]))
        let runtimes = AgentRuntimes(server: try await LlamaStack.connect(to: endpoint))
        try runtimes.require(agent(.responses))
        try runtimes.require(agent(.agents))
        let secret = ToolDefinition(name: "desk", mcp: .init(url: "http://desk", tokenEnvironment: "DESK_TOKEN"))
        let asked = ToolDefinition(name: "expert", agent: agent(.responses, [secret]))
        #expect(throws: Diagnostic.self) { try runtimes.require(agent(.responses, [asked])) }
        let search = ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs"]))
        #expect(throws: Diagnostic.self) { try runtimes.require(agent(.agents, [search])) }
    }

    @Test("Out of steps, no function is called any more")
    func outOfSteps() async throws {
        var agent = agent(.chat)
        agent.maxSteps = 1
        let (answer, _) = try await ask(agent, on: "1.5.0", [chatCall()])
        #expect(answer.status == .incomplete && answer.error == "max_iterations_exceeded")
    }

    private func waiting(_ reason: String = "end_of_message") -> ScriptedTransport.Step {
        let call = #"{"call_id":"c1","tool_name":"weather","arguments":{"city":"Rome"}}"#
        let message = #"{"content":"","stop_reason":"\#(reason)","tool_calls":[\#(call)]}"#
        let turn = #"{"turn_id":"t","output_message":\#(message)}"#
        return frames(
            #"{"event":{"payload":{"event_type":"step_start","step_type":"inference"}}}"#,
            #"{"event":{"payload":{"event_type":"turn_awaiting_input","turn":\#(turn)}}}"#
        )
    }

    private let opened: [ScriptedTransport.Step] = [
        .json(#"{"data":[],"has_more":false}"#), .json(#"{"agent_id":"a"}"#), .json(#"{"session_id":"s"}"#),
    ]

    @Test("A server agent is made by name, resumed with a function's result, and its session removed")
    func agents() async throws {
        let message = #"{"content":"It is sunny.","stop_reason":"end_of_turn","tool_calls":[]}"#
        let delta = #""delta":{"type":"text","text":"It is sunny."}"#
        let end = frames(
            #"{"event":{"payload":{"event_type":"step_start","step_type":"inference"}}}"#,
            #"{"event":{"payload":{"event_type":"step_progress","step_type":"inference",\#(delta)}}}"#,
            #"{"event":{"payload":{"event_type":"turn_complete","turn":{"turn_id":"t","output_message":\#(message)}}}}"#
        )
        let (answer, sent) = try await ask(agent(.agents), on: "0.3.5", opened + [waiting(), end, .json("null")])
        #expect(answer.text == "It is sunny." && answer.streamedText == answer.text)
        #expect(answer.toolCalls == [Self.sunny])
        #expect(answer.steps == 2 && answer.usage == nil && !answer.tellsCitations && answer.tellsSources)
        #expect(answer.fallback == nil)
        let agents = "/v1alpha/agents"
        #expect(
            sent.map { $0.split(separator: " ")[1].split(separator: "?")[0] } == [
                "\(agents)", "\(agents)", "\(agents)/a/session", "\(agents)/a/session/s/turn",
                "\(agents)/a/session/s/turn/t/resume", "\(agents)/a/session/s",
            ])
        #expect(sent[4].contains(#"{"call_id":"c1","content":"sunny in Rome","tool_name":"weather"}"#))
        #expect(sent[5].hasPrefix("DELETE"))
    }

    @Test("A server agent that fails before it says anything is stood in for by chat completions, which is told")
    func fallback() async throws {
        let failing = frames(#"{"error":{"message":"500: broken"}}"#)
        let (answer, _) = try await ask(agent(.agents), on: "0.2.24", opened + [failing, chatText, .json("null")])
        #expect(answer.text == "It is sunny.")
        #expect(answer.fallback?.contains("500: broken") == true)
        let (second, _) = try await ask(agent(.agents), on: "0.4.7", [chatText])
        #expect(second.fallback == "Llama Stack 0.4.7 has no agents of its own.")
    }

    @Test("With tools of the server, or an id, nothing stands in for a server agent")
    func noFallback() async throws {
        let search = ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs"]))
        var existing = agent(.agents, [])
        existing.agentID = "a"
        for agent in [agent(.agents, [search]), existing] {
            let error = await #expect(throws: Diagnostic.self) { try await ask(agent, on: "0.4.7", [chatText]) }
            #expect(error?.cause == .lacking)
        }
    }

    private func response(_ id: String, _ items: String..., status: String = "completed") -> ScriptedTransport.Step {
        let usage = #""usage":{"input_tokens":10,"output_tokens":5}"#
        let end = #""status":"\#(status)","output":[\#(items.joined(separator: ","))],\#(usage)"#
        let added = items.map { #"{"type":"response.output_item.added","item":\#($0)}"# }
        let all =
            [#"{"type":"response.created","response":{"id":"\#(id)"}}"#] + added
            + [#"{"type":"response.completed","response":{"id":"\#(id)",\#(end)}}"#]
        return .stream(all.map { Array("data: \($0)\n\n".utf8) })
    }

    @Test("Responses: an agent is asked as a tool by its own model call, and its usage is added")
    func delegated() async throws {
        let billing = AgentDefinition(name: "billing", description: "Invoices", model: "b", instructions: "Count.")
        let call = #"{"type":"function_call","call_id":"c1","name":"desk","arguments":"{\"question\":\"How much?\"}"}"#
        let text = #"{"type":"message","content":[{"text":"7 EUR"}]}"#
        let (answer, sent) = try await ask(
            agent(.responses, [ToolDefinition(name: "desk", agent: billing)]), on: "1.5.0",
            [response("r1", call), response("r2", text), response("r3", text)])
        #expect(answer.text == "7 EUR" && answer.steps == 2)
        #expect(answer.usage == Answer.Usage(input: 30, output: 15))
        #expect(answer.toolCalls.map(\.result) == ["7 EUR"])
        #expect(sent[1].contains(#""model":"b""#) && sent[1].contains(#""input":"How much?""#))
        let said = #"{"content":"Rome?","role":"user","type":"message"}"#
        #expect(sent[2].contains(#""input":[\#(said),"#) && sent[2].contains(#""store":false"#))
        #expect(sent[2].contains(#"{"call_id":"c1","output":"7 EUR","type":"function_call_output"}"#))
        #expect(sent.count == 3 && !sent[2].contains("previous_response_id"))
    }

    @Test("A second turn follows the first one's response; where shields look on, it is sent with what was said")
    func secondTurn() async throws {
        let text = #"{"type":"message","content":[{"text":"Sunny."}]}"#
        let steps = [response("r1", text), response("r2", text), .json("{}"), .json("{}")]
        let (_, plain) = try await ask(agent(.responses, []), on: "0.7.3", again: "And Oslo?", steps)
        #expect(plain[1].contains(#""input":"And Oslo?""#) && plain[1].contains(#""previous_response_id":"r1""#))
        var guarded = agent(.responses, [])
        (guarded.inputShields, guarded.outputShields) = (["guard"], ["guard"])
        let (_, whole) = try await ask(guarded, on: "0.7.3", again: "And Oslo?", steps)
        let said = [("Rome?", "user"), ("Sunny.", "assistant"), ("And Oslo?", "user")].map { text, role in
            #"{"content":"\#(text)","role":"\#(role)","type":"message"}"#
        }
        #expect(whole[1].contains(#""input":[\#(said.joined(separator: ","))]"#) && whole[1].contains("guardrails"))
        #expect(!whole[1].contains("previous_response_id"))
    }

    @Test(
        "After a tool of the server, where the server cannot look on, shields are asked here", arguments: [false, true])
    func blind(isRefused: Bool) async throws {
        let search = #"{"type":"file_search_call","id":"f1","queries":["q"],"results":[]}"#
        let call = #"{"type":"function_call","call_id":"c1","name":"weather","arguments":"{\"city\":\"Rome\"}"}"#
        let text = #"{"type":"message","content":[{"text":"It is sunny."}]}"#
        var guarded = agent(
            .responses, [Self.weather, ToolDefinition(name: "s", fileSearch: .init(vectorStores: ["v"]))])
        (guarded.inputShields, guarded.outputShields) = (["guard"], ["guard"])
        let pass = ScriptedTransport.Step.json(#"{"violation":null}"#)
        let stop = ScriptedTransport.Step.json(
            #"{"violation":{"violation_level":"error","user_message":"No.","metadata":{"violation_type":"S9"}}}"#)
        let (answer, sent) = try await ask(
            guarded, on: "0.7.3",
            [
                response("r1", search, call), pass, isRefused ? response("r2", text, call) : response("r2", text),
                isRefused ? stop : pass,
            ])
        #expect(answer.text == (isRefused ? "No. (violation type: S9)" : "It is sunny."))
        #expect(sent[0].contains("guardrails"))
        #expect(sent[1].hasPrefix("POST /v1/safety/run-shield") && sent[1].contains("sunny in Rome"))
        #expect(sent[2].contains("sunny in Rome") && !sent[2].contains("guardrails"))
        #expect(sent[3].hasPrefix("POST /v1/safety/run-shield") && sent[3].contains("It is sunny."))
    }

    @Test("A response that is called completed and failed at once has failed")
    func failedInside() async throws {
        let text = #"{"type":"message","content":[]}"#
        let (answer, _) = try await ask(agent(.responses, []), on: "0.3.5", [response("r1", text, status: "failed")])
        #expect(answer.status == .failed)
    }
}
