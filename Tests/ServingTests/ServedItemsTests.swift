import Language
import NIOCore
import Testing

@testable import Runtime
@testable import Serving

@Suite("ServedItems")
struct ServedItemsTests {
    private let agent = AgentDefinition(
        name: "support", model: "m", instructions: "",
        tools: [
            ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs_1"])),
            ToolDefinition(name: "tickets", mcp: .init(url: "http://desk/mcp")),
            ToolDefinition(name: "lookup", function: .init(description: "Looks up.", parameters: [:])),
        ])
    private let response = ServedResponse(id: "resp_0", created: 1, model: "support")

    private func told(
        _ dialect: ServedItems.Dialect, _ events: [AgentEvent], _ answer: Answer
    ) -> (frames: [Value], whole: Value) {
        var items = ServedItems(response, of: agent, dialect, isStreamed: true)
        items.begin()
        for event in events { items.take(event) }
        let whole = items.finish(with: answer)
        return (items.drain().frames, whole)
    }

    private let search = Answer.ToolCall(
        name: "knowledge", tool: "knowledge", arguments: ["query": "refunds"], result: "30 days")

    private func searched(_ text: String) -> Answer {
        Answer(
            status: .completed, text: text, hasMessage: true, toolCalls: [search],
            retrieved: [.init(document: "docs/refunds.md", score: 0.5, text: "30 days")], cited: ["docs/refunds.md"],
            usage: .init(input: 10, output: 5), id: "resp_upstream")
    }

    @Test("Of the usage the details are told as the server behind tells them")
    func usage() {
        var usage = Answer.Usage(input: 20, output: 10)
        (usage.cached, usage.reasoning) = (16, 4)
        let answer = Answer(status: .completed, text: "x", hasMessage: true, usage: usage)
        let told = ServedResponse(id: "resp_0", created: 1, model: "support").value(of: answer, output: [])["usage"]
        #expect(told?["input_tokens_details"] == ["cached_tokens": 16] && told?["total_tokens"] == 30)
        #expect(told?["output_tokens_details"] == ["reasoning_tokens": 4])
    }

    @Test("That the server behind does not report what is cited or found is told, and nothing where it does")
    func untold() {
        var answer = searched("30 days.")
        let response = ServedResponse(id: "resp_0", created: 1, model: "support")
        #expect(response.value(of: answer, output: [])["custom_outputs"] == nil)
        answer.tellsCitations = false
        #expect(response.value(of: answer, output: [])["custom_outputs"] == ["tells_citations": false])
        (answer.tellsCitations, answer.tellsSources) = (true, false)
        #expect(told(.openAI, [], answer).whole["custom_outputs"] == ["tells_sources": false])
    }

    @Test("A stream is what clients of OpenAI's API accumulate, in order, and its end holds all of it")
    func stream() throws {
        let (frames, whole) = told(
            .mlflow,
            [
                .text("Let me "), .text("see."), .toolStarted(name: "knowledge"), .toolFinished(search),
                .text("\n30 days."),
            ], searched("Let me see.\n30 days."))
        let types = frames.compactMap { $0["type"]?.string?.dropFirst("response.".count) }.map(String.init)
        let begin = ["output_item.added", "content_part.added", "output_text.delta"]
        let end = ["output_text.done", "content_part.done", "output_item.done"]
        let call = ["output_item.added", "output_item.done"]
        let expected = [
            ["created", "in_progress"], begin, ["output_text.delta"], end, call, begin, end, ["completed"],
        ]
        #expect(types == expected.flatMap(\.self))
        #expect(frames.map { $0["sequence_number"]?.integer } == Array(0..<frames.count))
        let output = try #require(whole["output"]?.array)
        #expect(output.map { $0["type"] } == ["message", "file_search_call", "message"])
        #expect(output[0]["content"]?.array?.first?["text"] == "Let me see.")
        #expect(output[1]["queries"] == ["refunds"] && output[1]["results"]?.array?.first?["text"] == "30 days")
        #expect(output[2]["content"]?.array?.first?["text"] == "30 days.")
        #expect(output[2]["content"]?.array?.first?["annotations"]?.array?.first?["filename"] == "docs/refunds.md")
        #expect(frames.last?["response"] == whole && whole["usage"]?["total_tokens"] == 15 && whole["id"] == "resp_0")
        #expect(Set(output.compactMap { $0["id"]?.string }).count == 3)
    }

    @Test("A piece in which nothing is said begins no message")
    func unsaid() throws {
        let events: [AgentEvent] = [
            .text(""), .toolStarted(name: "knowledge"), .toolFinished(search), .text(""), .text("30 days."), .text(""),
        ]
        let (frames, whole) = told(.mlflow, events, searched("30 days."))
        #expect(whole["output"]?.array?.map { $0["type"] } == ["file_search_call", "message"])
        #expect(frames.compactMap { $0["delta"]?.string } == ["30 days."])
    }

    @Test("A served stream is read back by the runtime for served agents as the answer that it was")
    func readBack() throws {
        let original = searched("30 days.")
        let (frames, _) = told(
            .mlflow, [.toolStarted(name: "knowledge"), .toolFinished(search), .text("30 days.")], original)
        var reader = InvocationReader(agent)
        for frame in frames { _ = try reader.read(frame.canonicalJSON, at: .zero) }
        let answer = try #require(reader.answer)
        #expect(answer.text == "30 days." && answer.streamedText == "30 days." && answer.usage?.total == 15)
        #expect(answer.retrieved == original.retrieved && answer.cited == original.cited && answer.tellsSources)
        #expect(answer.toolCalls.map(\.name) == ["knowledge"])
        #expect(answer.toolCalls.first?.arguments == ["query": "refunds"])
    }

    @Test("A call that was carried out here is told to each kind of client as it takes it; the caller's own is a call")
    func calls() throws {
        let failed = Answer.ToolCall(
            name: "ticket_create", tool: "tickets", arguments: ["order": "1"], error: "no order")
        var answer = Answer(status: .completed, toolCalls: [failed])
        var pending = Answer.ToolCall(name: "weather", tool: "weather", arguments: ["city": "Rome"])
        pending.id = "call_7"
        answer.pendingCalls = [pending]
        let events: [AgentEvent] = [.toolStarted(name: "ticket_create"), .toolFinished(failed)]
        let mlflow = try #require(told(.mlflow, events, answer).whole["output"]?.array)
        #expect(mlflow.map { $0["type"] } == ["function_call", "function_call_output", "function_call"])
        #expect(mlflow[0]["call_id"] == mlflow[1]["call_id"] && mlflow[1]["status"] == "incomplete")
        #expect(mlflow[2]["call_id"] == "call_7" && mlflow[2]["arguments"]?.string == #"{"city":"Rome"}"#)
        let openAI = try #require(told(.openAI, events, answer).whole["output"]?.array)
        #expect(openAI.map { $0["type"] } == ["mcp_call", "function_call"])
        #expect(openAI[0]["error"] == "no order" && openAI[0]["server_label"] == "tickets")
    }

    @Test("What failed in the words of programs and servers of this side is not told")
    func ownWords() throws {
        let failed = Answer.ToolCall(name: "lookup", tool: "lookup", arguments: [:], error: "http://10.0.0.7 said no")
        for dialect in [ServedItems.Dialect.mlflow, .openAI] {
            let answer = Answer(status: .completed, text: "No.", hasMessage: true, toolCalls: [failed])
            let (frames, whole) = told(dialect, [.toolStarted(name: "lookup"), .toolFinished(failed)], answer)
            let all = Value.array(frames + [whole]).canonicalJSON
            #expect(all.contains("The tool failed.") && !all.contains("10.0.0.7"), "\(all)")
        }
    }

    @Test("A refusal that was not streamed is a message all the same; a failure keeps what was said")
    func ends() throws {
        var refusal = Answer(status: .completed, text: "I cannot help.", hasMessage: true)
        refusal.refuses = true
        let (frames, whole) = told(.openAI, [], refusal)
        #expect(whole["output"]?.array?.first?["content"]?.array?.first?["refusal"] == "I cannot help.")
        #expect(frames.contains { $0["delta"] == "I cannot help." })
        var items = ServedItems(response, of: agent, .openAI, isStreamed: true)
        items.begin()
        items.take(.text("30 d"))
        items.fail(because: .failedUpstream)
        let cut = items.drain().frames
        let last = try #require(cut.last)
        #expect(last["type"] == "response.failed" && last["response"]?["status"] == "failed")
        let message = last["response"]?["output"]?.array?.first
        #expect(message?["content"]?.array?.first?["text"] == "30 d" && message?["status"] == "incomplete")
        #expect(cut.first { $0["type"] == "response.output_item.done" }?["item"] == message)
    }

    @Test("A message that was cut off is incomplete, and one before it is not")
    func cutOff() {
        let answer = Answer(status: .incomplete, text: "Let me see.\n30 d", hasMessage: true, toolCalls: [search])
        let events: [AgentEvent] = [
            .text("Let me see."), .toolStarted(name: "knowledge"), .toolFinished(search), .text("\n30 d"),
        ]
        let output = told(.openAI, events, answer).whole["output"]?.array?.filter { $0["type"] == "message" }
        #expect(output?.map { $0["status"] } == ["completed", "incomplete"])
        let whole = told(.openAI, events, searched("Let me see.\n30 d")).whole["output"]?.array
        #expect(whole?.allSatisfy { $0["status"] == "completed" } == true)
    }

    @Test("Of the reasons of servers only words are told")
    func incomplete() {
        let word = Answer(status: .incomplete, text: "x", hasMessage: true, error: "max_output_tokens")
        #expect(told(.openAI, [.text("x")], word).whole["incomplete_details"]?["reason"] == "max_output_tokens")
        let length = Answer(status: .incomplete, text: "x", hasMessage: true, error: "length")
        #expect(told(.openAI, [.text("x")], length).whole["incomplete_details"]?["reason"] == "max_output_tokens")
        let sentence = Answer(status: .incomplete, text: "x", hasMessage: true, error: "http://10.0.0.1 said no")
        #expect(told(.openAI, [.text("x")], sentence).whole["incomplete_details"]?["reason"] == "incomplete")
    }
}

extension ByteBuffer {
    /// The frames of a stream, without what is no JSON.
    var frames: [Value] {
        String(buffer: self).split(separator: "\n\n").compactMap { try? Value(json: $0.dropFirst("data: ".count).utf8) }
    }
}
