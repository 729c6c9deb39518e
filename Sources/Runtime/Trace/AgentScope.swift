import Language

/// Turns the events of one turn of an agent into spans. Pure: times are parameters, in nanoseconds since 1970.
///
/// Servers report tools and text, but not model calls: a model call is assumed from the question, or from the end of
/// the last tool, to the start of the next tool or the answer.
struct AgentScope {
    private struct OpenTool {
        var name: String
        var start: Int
    }

    /// How much of what is said is kept until the answer tells it, in bytes, roughly.
    private static let longestSaid = 256 << 10

    private let agent: AgentDefinition
    private var span: Span
    /// The model's input so far.
    private(set) var messages: [Value]
    /// The start of the current model call; nil while tools run.
    private var thinkingSince: Int?
    private var openTools: [OpenTool] = []
    /// Tools that ended since the last model call, which had requested them.
    private var calls: [Answer.ToolCall] = []
    private var said = ""
    /// The events of agents that are asked as tools, by tool, until its end says what they were asked.
    private var delegated: [String: [(event: AgentEvent, time: Int)]] = [:]
    /// Where in the span the searches are.
    private var searches: [Int] = []
    /// Where in the span the model call is that asked for the tools that run.
    private var asking: Int?

    init(_ agent: AgentDefinition, asked question: String, after earlier: [Value] = [], at time: Int) {
        self.agent = agent
        let asked = Self.message("user", question)
        messages = (earlier.isEmpty ? [Self.message("system", agent.instructions)] : earlier) + [asked]
        span = Span(agent.name, .agent, start: time, inputs: ["input": [asked]])
        thinkingSince = time
    }

    /// - Parameter time: Is asked only where it is told: pieces of texts are many.
    mutating func take(_ event: AgentEvent, at time: @autoclosure () -> Int) {
        switch event {
        case .text(let text):
            think(at: time())
            if said.utf8.count < Self.longestSaid { said += text }
        case .again: break
        case .toolStarted(let name):
            let time = time()
            stopThinking(at: time)
            openTools.append(OpenTool(name: name, start: time))
        case .toolFinished(let call):
            let time = time()
            stopThinking(at: time)
            finish(call, at: time)
        case .delegated(let tool, let event):
            delegated[tool, default: []].append((event, time()))
        case .finished:
            break  // The answer is also returned.
        }
    }

    /// The span of a turn with an answer.
    mutating func finish(with answer: Answer, at time: Int) -> Span {
        closeTools(at: time)
        let pending = answer.pendingCalls
        // Calls that nobody carries out here may have been asked for together with others, or after them.
        let models = span.children.count { $0.kind == .chatModel }
        let hasAsked = !pending.isEmpty && answer.steps.map { models < $0 } ?? true
        if thinkingSince != nil, answer.hasMessage || !said.isEmpty || span.children.isEmpty || hasAsked {
            said = answer.text
            stopThinking(at: time, because: answer.status == .failed ? answer.error ?? Self.untold : nil)
        }
        tellPassages(of: answer)
        if pending.isEmpty {
            messages.append(Self.message("assistant", answer.text))
        } else {
            tellCalls(with: pending, replacing: calls.isEmpty ? 0 : calls.count + 1)
        }
        span.outputs = [
            "output": .array((answer.hasMessage ? [Self.output(answer.text)] : []) + pending.map(Self.output))
        ]
        span.usage = answer.usage
        span.attributes["drover.status"] = .string(answer.status.rawValue)
        span.attributes["drover.fallback"] = answer.fallback.map(Value.string)
        if answer.isCut { span.attributes["drover.cut"] = true }
        span.attributes["drover.steps"] = answer.steps.map(Value.integer)
        if answer.status == .failed { span.error = answer.error ?? Self.untold }
        span.end = time
        return span
    }

    /// The span of a turn that was aborted.
    mutating func fail(because reason: String, at time: Int) -> Span {
        closeTools(at: time)
        stopThinking(at: time, because: reason)
        span.error = reason
        span.end = time
        return span
    }
}

extension AgentScope {
    private mutating func think(at time: @autoclosure () -> Int) {
        guard thinkingSince == nil, openTools.isEmpty else { return }
        thinkingSince = time()
    }

    private static let untold = "The server did not say why."

    /// Ends a model call; its tool calls are added when they are reported.
    /// - Parameter error: Why it ended before its time; then only what it had said is its output.
    private mutating func stopThinking(at time: Int, because error: String? = nil) {
        guard let start = thinkingSince else { return }
        let outputs =
            error == nil || !said.isEmpty
            ? Self.choice(Self.message("assistant", said), reason: error == nil ? "stop" : "error") : nil
        var call = Span(
            agent.model, .chatModel, start: start, end: time,
            inputs: ["model": .string(agent.model), "messages": .array(messages)], outputs: outputs)
        call.error = error
        call.model = agent.model
        thinkingSince = nil
        said = ""
        calls = []
        asking = span.children.count
        span.children.append(call)
    }

    private mutating func finish(_ call: Answer.ToolCall, at time: Int) {
        let index = openTools.firstIndex { $0.name == call.name } ?? openTools.firstIndex { $0.name == call.tool }
        let start = index.map { openTools.remove(at: $0).start } ?? time
        let isSearch = agent.tools.contains { $0.name == call.tool && $0.fileSearch != nil }
        var tool = Span(
            call.name, isSearch ? .retriever : .tool, start: start, end: time, inputs: call.arguments,
            outputs: call.result.map(Self.parsed))
        tool.error = call.error
        if call.tool != call.name { tool.attributes["drover.tool"] = .string(call.tool) }
        let question = call.arguments["question"]?.string ?? ""
        tool.children = answers(of: call.name, asked: question, from: start, to: time)
        if isSearch { searches.append(span.children.count) }
        span.children.append(tool)
        tell(call)
        if openTools.isEmpty { thinkingSince = time }
    }

    /// Adds an ended call to the model call that requested it, and to the input of the next one.
    private mutating func tell(_ call: Answer.ToolCall) {
        calls.append(call)
        tellCalls(replacing: calls.count > 1 ? calls.count : 0)
    }

    /// - Parameters:
    ///   - pending: Calls that were asked for as well, and have no results.
    ///   - count: The messages that are the earlier form of these: calls with their results.
    private mutating func tellCalls(with pending: [Answer.ToolCall] = [], replacing count: Int) {
        let asked = (calls + pending).enumerated().map { Self.request($0.element, number: $0.offset) }
        let message: Value = ["role": "assistant", "content": "", "tool_calls": .array(asked)]
        if let asking { span.children[asking].outputs = Self.choice(message, reason: "tool_calls") }
        messages.removeLast(count)
        messages.append(message)
        messages += calls.enumerated().map { number, call in
            [
                "role": "tool", "tool_call_id": .string("call-\(number + 1)"),
                "content": .string(call.result ?? call.error ?? ""),
            ]
        }
    }

    /// The spans of an agent that is asked as a tool.
    private mutating func answers(of tool: String, asked question: String, from start: Int, to end: Int) -> [Span] {
        guard let events = delegated.removeValue(forKey: tool),
            let definition = agent.tools.first(where: { $0.name == tool })?.agent
        else { return [] }
        var spans: [Span] = []
        var scope: AgentScope?
        for (event, time) in events {
            var running = scope ?? AgentScope(definition, asked: question, at: spans.last?.end ?? start)
            scope = nil
            if case .finished(let answer) = event {
                spans.append(running.finish(with: answer, at: time))
            } else {
                running.take(event, at: time)
                scope = running
            }
        }
        if var scope { spans.append(scope.fail(because: "The end of the answer was not told.", at: end)) }
        return spans
    }

    /// Ends all open spans.
    private mutating func closeTools(at time: Int) {
        for tool in openTools {
            var open = Span(tool.name, .tool, start: tool.start, end: time)
            open.error = "The end of the call was not told."
            open.children = answers(of: tool.name, asked: "", from: tool.start, to: time)
            span.children.append(open)
        }
        openTools = []
    }

    /// Passages belong to a search when there was only one.
    private mutating func tellPassages(of answer: Answer) {
        guard searches.count == 1, !answer.retrieved.isEmpty else { return }
        span.children[searches[0]].outputs = .array(answer.retrieved.map(\.shown))
    }
}

extension AgentScope {
    static func message(_ role: String, _ text: String) -> Value {
        ["role": .string(role), "content": .string(text)]
    }

    /// An item of a conversation as messages in the format of chat completions.
    static func messages(_ item: Value) -> [Value] {
        InputItems.spelled([item]).map { item in
            switch item["type"]?.string {
            case "function_call":
                let call: Value = [
                    "id": item["call_id"] ?? "", "type": "function",
                    "function": ["name": item["name"] ?? "", "arguments": item["arguments"] ?? ""],
                ]
                return ["role": "assistant", "content": "", "tool_calls": [call]]
            case "function_call_output":
                return ["role": "tool", "tool_call_id": item["call_id"] ?? "", "content": item["output"] ?? ""]
            case _: return message(item["role"]?.string ?? "user", item["content"].flatMap(InputItems.text) ?? "")
            }
        }
    }

    /// An item of the output of the Responses API.
    private static func output(_ text: String) -> Value {
        [
            "type": "message", "role": "assistant",
            "content": [["type": "output_text", "text": .string(text)]],
        ]
    }

    /// A call that is left to the caller, as an item of the output.
    private static func output(_ call: Answer.ToolCall) -> Value {
        [
            "type": "function_call", "call_id": .string(call.id ?? ""), "name": .string(call.name),
            "arguments": .string(call.arguments.interpolated),
        ]
    }

    /// A model's answer in the format of chat completions.
    private static func choice(_ message: Value, reason: String) -> Value {
        ["choices": [["index": 0, "finish_reason": .string(reason), "message": message]]]
    }

    private static func request(_ call: Answer.ToolCall, number: Int) -> Value {
        [
            "id": .string("call-\(number + 1)"), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(call.arguments.interpolated)],
        ]
    }

    /// A tool's result as data if it is JSON, else as text.
    private static func parsed(_ text: String) -> Value {
        guard let first = text.first, "{[".contains(first) else { return .string(text) }
        do {
            return try Value(wholeJSON: text.utf8)
        } catch {
            return .string(text)  // It is not JSON after all, or would not be whole.
        }
    }
}

extension Answer.Passage {
    /// Retrieved documents in MLflow's format.
    fileprivate var shown: Value {
        var metadata: [String: Value] = ["doc_uri": .string(document)]
        metadata["score"] = score.map(Value.number)
        return ["page_content": .string(text ?? ""), "metadata": .object(metadata)]
    }
}
