import Language
import Synchronization
import Testing
import Wire

@testable import Runtime

@Suite("TraceRecorder")
struct TraceRecorderTests {
    /// A clock that is set by hand.
    private final class HandClock: Clock {
        struct Instant: InstantProtocol {
            var offset: Duration
            func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
            func duration(to other: Instant) -> Duration { other.offset - offset }
            static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
        }

        private let time = Mutex(Duration.zero)
        var now: Instant { Instant(offset: time.withLock { $0 }) }
        var minimumResolution: Duration { .zero }
        func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
        func advance(_ milliseconds: Int) { time.withLock { $0 += .milliseconds(milliseconds) } }
    }

    private let clock = HandClock()
    private let agent = AgentDefinition(
        name: "support", model: "llm", instructions: "Be brief.",
        tools: [
            ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs"])),
            ToolDefinition(name: "tickets", mcp: .init(url: "http://x")),
            ToolDefinition(
                name: "expert", agent: AgentDefinition(name: "expert", model: "big", instructions: "Think.")),
        ])

    private var recorder: TraceRecorder {
        TraceRecorder(agent, id: TraceID(high: 1, low: 2), start: 1_000_000_000, clock: clock)
    }

    /// Milliseconds since the start of the recording.
    private func times(_ span: Span) -> [Int] {
        [span.start, span.end].map { ($0 - 1_000_000_000) / 1_000_000 }
    }

    private func tree(_ span: Span, _ depth: Int = 0) -> [String] {
        [String(repeating: "  ", count: depth) + "\(span.kind.rawValue) \(span.name)"]
            + span.children.flatMap { tree($0, depth + 1) }
    }

    private func answer(_ text: String, input: Int = 10, output: Int = 5) -> Answer {
        Answer(
            status: .completed, text: text, hasMessage: true, usage: .init(input: input, output: output), steps: 2)
    }

    @Test("A trace names the versions of prompts that the agent and those it asks are told")
    func prompts() async throws {
        var asking = agent
        asking.metadata = ["drover.prompt": "prompts:/support/3", "team": "care"]
        asking.tools[2].agent?.metadata = ["drover.prompt": "prompts:/expert/12"]
        let named: [Trace.Prompt] = [.init(name: "support", version: 3), .init(name: "expert", version: 12)]
        let recorder = TraceRecorder(asking, id: TraceID(high: 1, low: 2), start: 0, clock: clock)
        _ = try await recorder.turn("What?") { _ in answer("That.") }
        #expect(recorder.trace().prompts == named)
        #expect(agent.prompts.isEmpty)

        asking.tools = [
            ToolDefinition(name: "one", agent: asking), ToolDefinition(name: "two", agent: asking),
        ]
        #expect(asking.prompts == named, "Each once.")
        asking.agentID = "a-1"
        asking.tools = []
        #expect(asking.prompts.isEmpty, "An agent of the server's own has other instructions.")
        asking.agentID = nil
        for other in ["", "prompts:/support", "prompts:/support@live", "prompts://3", "models:/support/3"] {
            asking.metadata?["drover.prompt"] = other
            #expect(asking.prompts.isEmpty, "\(other)")
        }
    }

    @Test("A turn with a search is an agent that asks a model, a retriever, and the model again")
    func search() async throws {
        let recorder = recorder
        let call = Answer.ToolCall(
            name: "knowledge", tool: "knowledge", arguments: ["query": "refunds"], result: "30 days.")
        _ = try await recorder.turn("What is the refund window?") { take in
            clock.advance(100)
            take(.toolStarted(name: "knowledge"))
            clock.advance(50)
            take(.toolFinished(call))
            clock.advance(200)
            take(.text("30 "))
            take(.text("days."))
            clock.advance(10)
            var said = answer("30 days.")
            said.retrieved = [.init(document: "docs/refunds.md", score: 0.9, text: "Within 30 days.")]
            return said
        }
        let trace = recorder.trace()
        #expect(
            tree(trace.root) == [
                "AGENT support", "  CHAT_MODEL llm", "  RETRIEVER knowledge", "  CHAT_MODEL llm",
            ])
        #expect(times(trace.root) == [0, 360])
        #expect(trace.root.children.map(times) == [[0, 100], [100, 150], [150, 360]])
        #expect(trace.request == "What is the refund window?" && trace.response == "30 days.")
        #expect(trace.usage == .init(input: 10, output: 5))
        #expect(trace.root.children[1].inputs == ["query": "refunds"])
        #expect(
            trace.root.children[1].outputs
                == [["page_content": "Within 30 days.", "metadata": ["doc_uri": "docs/refunds.md", "score": 0.9]]])
        let asked = trace.root.children[0].outputs?["choices"]?.array?.first
        #expect(asked?["finish_reason"] == "tool_calls")
        #expect(
            asked?["message"]?["tool_calls"]?.array?.first?["function"]
                == ["name": "knowledge", "arguments": #"{"query":"refunds"}"#])
        let told = trace.root.children[2].inputs?["messages"]?.array ?? []
        #expect(told.map { $0["role"]?.string } == ["system", "user", "assistant", "tool"])
        #expect(told.last?["content"] == "30 days.")
        let said = trace.root.children[2].outputs?["choices"]?.array?.first
        #expect(said?["message"]?["content"] == "30 days.")
    }

    @Test("Calls that are left to the caller are what the model answered, together with others or alone")
    func pending() async throws {
        var left = Answer.ToolCall(name: "lookup", tool: "lookup", arguments: ["id": "77"])
        left.id = "c2"
        let done = Answer.ToolCall(name: "tickets", tool: "tickets", arguments: [:], result: "none")
        for (tools, steps, models) in [([], 1, 1), ([done], 1, 1), ([done], 2, 2)] as [([Answer.ToolCall], Int, Int)] {
            let recorder = recorder
            _ = try await recorder.turn("Where is order 77?") { take in
                for call in tools {
                    take(.toolStarted(name: call.name))
                    take(.toolFinished(call))
                }
                var said = Answer(status: .completed, steps: steps)
                said.pendingCalls = [left]
                return said
            }
            let root = recorder.trace().root
            let asked = root.children.filter { $0.kind == .chatModel }
            #expect(asked.count == models)
            let message = asked.last?.outputs?["choices"]?.array?.first?["message"]
            let names = message?["tool_calls"]?.array?.compactMap { $0["function"]?["name"]?.string }
            #expect(names == (models == 1 ? tools.map(\.name) : []) + ["lookup"])
            let item = root.outputs?["output"]?.array?.first
            #expect(item?["type"] == "function_call" && item?["call_id"] == "c2")
        }
    }

    @Test("Tools that run at the same time belong to one call of the model")
    func parallelTools() async throws {
        let recorder = recorder
        _ = try await recorder.turn("Both, please") { take in
            take(.toolStarted(name: "ticket_search"))
            take(.toolStarted(name: "ticket_create"))
            clock.advance(20)
            take(.toolFinished(.init(name: "ticket_create", tool: "tickets", arguments: [:], error: "Desk is closed.")))
            clock.advance(30)
            take(.toolFinished(.init(name: "ticket_search", tool: "tickets", arguments: [:], result: #"{"open": 2}"#)))
            return answer("Two.")
        }
        let trace = recorder.trace()
        #expect(
            tree(trace.root) == [
                "AGENT support", "  CHAT_MODEL llm", "  TOOL ticket_create", "  TOOL ticket_search", "  CHAT_MODEL llm",
            ])
        #expect(trace.root.children[1].error == "Desk is closed." && trace.root.error == nil)
        #expect(trace.root.children[1].attributes["drover.tool"] == "tickets")
        #expect(trace.root.children[2].outputs == ["open": 2])
        let calls = trace.root.children[0].outputs?["choices"]?.array?.first?["message"]?["tool_calls"]?.array
        #expect(calls?.count == 2)
        #expect(trace.root.children[3].inputs?["messages"]?.array?.count == 5)
    }

    @Test("An agent that is asked as a tool is an agent below the tool, with its own question and tokens")
    func delegated() async throws {
        let recorder = recorder
        _ = try await recorder.turn("Hard one") { take in
            take(.toolStarted(name: "expert"))
            clock.advance(10)
            take(.delegated(tool: "expert", .text("42")))
            take(.delegated(tool: "expert", .finished(answer("42", input: 100, output: 50))))
            take(
                .toolFinished(
                    .init(name: "expert", tool: "expert", arguments: ["question": "What is it?"], result: "42")))
            return answer("It is 42.", input: 110, output: 55)
        }
        let trace = recorder.trace()
        #expect(
            tree(trace.root) == [
                "AGENT support", "  CHAT_MODEL llm", "  TOOL expert", "    AGENT expert", "      CHAT_MODEL big",
                "  CHAT_MODEL llm",
            ])
        let expert = trace.root.children[1].children[0]
        #expect(expert.inputs == ["input": [["role": "user", "content": "What is it?"]]])
        #expect(expert.usage == .init(input: 100, output: 50))
        #expect(trace.usage == .init(input: 110, output: 55))
        // MLflow takes the tokens of the topmost span that has any.
        let root = try #require(trace.mlflow(inExperiment: "1").spans.first)
        #expect(root.attributes["mlflow.chat.tokenUsage"]?["total_tokens"] == 165)
    }

    @Test("Several turns stand below one root, and the model remembers the earlier ones")
    func turns() async throws {
        let recorder = recorder
        for (question, text) in [("Open a ticket", "T-1"), ("Is it open?", "Yes")] {
            _ = try await recorder.turn(question) { take in
                take(.text(text))
                return answer(text)
            }
        }
        let trace = recorder.trace()
        #expect(
            tree(trace.root) == [
                "AGENT support", "  AGENT support", "    CHAT_MODEL llm", "  AGENT support", "    CHAT_MODEL llm",
            ])
        #expect(trace.request == "Open a ticket\nIs it open?" && trace.response == "T-1\nYes")
        let told = trace.root.children[1].children[0].inputs?["messages"]?.array ?? []
        #expect(told.map { $0["content"]?.string } == ["Be brief.", "Open a ticket", "T-1", "Is it open?"])
        #expect(trace.usage == .init(input: 20, output: 10))
    }

    @Test("A conversation that breaks off keeps what it had, and says why")
    func broken() async throws {
        let recorder = recorder
        await #expect(throws: Diagnostic.self) {
            _ = try await recorder.turn("Hello") { take in
                take(.toolStarted(name: "knowledge"))
                throw Diagnostic("gone", "Gone", detail: "The server went away.")
            }
        }
        let trace = recorder.trace()
        #expect(trace.root.error == "The server went away.")
        #expect(tree(trace.root) == ["AGENT support", "  CHAT_MODEL llm", "  TOOL knowledge"])
        #expect(trace.root.children[1].error == "The end of the call was not told.")
        #expect(recorder.trace(failure: "Timed out.").root.error == "Timed out.")
    }

    @Test("A conversation without a turn is a root that says why")
    func noTurn() {
        let trace = recorder.trace(failure: "No such model.")
        #expect(trace.root.error == "No such model." && trace.root.children.isEmpty)
    }

    @Test("A failed answer is an error; a fallback is told")
    func failed() async throws {
        let recorder = recorder
        _ = try await recorder.turn("Hello") { _ in
            var failed = Answer(status: .failed, error: "Model not loaded.")
            failed.fallback = "The server has no Responses API."
            return failed
        }
        let root = recorder.trace().root
        #expect(root.error == "Model not loaded." && root.usage == nil)
        #expect(root.attributes["drover.fallback"] == "The server has no Responses API.")
        #expect(root.attributes["drover.status"] == "failed")
        // What the model was asked failed, too, and it has said nothing.
        #expect(root.children.map(\.error) == ["Model not loaded."] && root.children[0].outputs == nil)
    }

    @Test("A model that is cut off has what it had said as its output, and why")
    func cutOff() async throws {
        struct GoneAway: Error {}
        let recorder = recorder
        await #expect(throws: GoneAway.self) {
            _ = try await recorder.turn("Hello") { take in
                take(.text("Half"))
                throw GoneAway()
            }
        }
        let call = try #require(recorder.trace().root.children.first)
        #expect(call.error != nil && call.outputs?["choices"]?.array?[0]["message"]?["content"] == "Half")
        #expect(call.outputs?["choices"]?.array?[0]["finish_reason"] == "error")
    }

    @Test("In MLflow the spans of a trace have their types, and ids that nothing else has")
    func mlflow() async throws {
        let recorder = recorder
        _ = try await recorder.turn("Hi") { _ in answer("Hello") }
        var trace = recorder.trace()
        trace.model = "m-1"
        let written = trace.mlflow(inExperiment: "7")
        #expect(written.experimentID == "7" && written.name == "support" && written.modelID == "m-1")
        #expect(written.spans.map { $0.attributes["mlflow.spanType"] } == ["AGENT", "CHAT_MODEL"])
        #expect(Set(written.spans.map(\.id)).count == 2 && written.spans[1].parent == written.spans[0].id)
        #expect(written.spans[1].attributes["mlflow.llm.model"] == "llm")
        #expect(written.usage == .init(input: 10, output: 5))
    }
}
