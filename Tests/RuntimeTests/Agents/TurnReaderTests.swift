import Foundation
import Language
import Testing
import Wire

@testable import Runtime

/// The reader against turns recorded from Llama Stack 0.2.24 and 0.3.5.
@Suite struct TurnReaderTests {
    private let agent = AgentDefinition(
        name: "support", model: "llm", instructions: "",
        tools: [
            ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs"])),
            ToolDefinition(name: "local_tool", function: .init(description: "d", parameters: [:])),
        ])

    private func read(_ name: String) throws -> (TurnReader, [AgentEvent]) {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "sse"))
        var parser = ServerSentEventParser()
        let frames = try parser.read(Data(contentsOf: url)).map(\.data)
        return try read(frames)
    }

    private func read(_ frames: [String]) throws -> (TurnReader, [AgentEvent]) {
        var reader = TurnReader(agent)
        let events = try frames.enumerated().flatMap { try reader.read($1, at: .milliseconds($0)) }
        return (reader, events)
    }

    @Test("A recorded search tells the call, the files it found, and the text", arguments: ["0.2.24", "0.3.5"])
    func search(_ version: String) throws {
        let (reader, events) = try read("\(version)/07-rag-turn-stream")
        let answer = try #require(reader.answer)
        #expect(answer.status == .completed && answer.hasMessage)
        #expect(answer.streamedText == answer.text)
        #expect(answer.steps == 2)
        #expect(answer.usage == nil)
        #expect(answer.toolCalls.map(\.name) == ["knowledge"])
        #expect(answer.toolCalls.first?.arguments == ["query": "capital of Freedonia?"])
        #expect(answer.toolCalls.first?.result?.hasPrefix("The capital of Freedonia") == true)
        #expect(reader.found.allSatisfy { $0.document.hasPrefix("file-") && $0.score != nil })
        #expect(!reader.found.isEmpty && !reader.hidesSources)
        #expect(events.prefix(2).map(\.self) == [.toolStarted(name: "knowledge"), .toolFinished(answer.toolCalls[0])])
        #expect(answer.timeToFirstToken != nil)
    }

    @Test("A turn that ran out of tokens is incomplete")
    func outOfTokens() throws {
        let message = #"{"content":"Once upon a","stop_reason":"out_of_tokens","tool_calls":[]}"#
        let end = #"{"event_type":"turn_complete","turn":{"turn_id":"t","output_message":\#(message)}}"#
        let answer = try #require(read([#"{"event":{"payload":\#(end)}}"#]).0.answer)
        #expect(answer.status == .incomplete && answer.error == "max_output_tokens" && answer.hasMessage)
    }

    @Test("What several searches found stands by its scores, and what has none at the end")
    func searches() throws {
        let frame = { (files: String, scores: String) in
            #"{"event": {"payload": {"event_type": "step_complete", "step_type": "tool_execution", "step_details": "#
                + #"{"tool_calls": [], "tool_responses": [{"call_id": "c", "tool_name": "knowledge_search", "content": "x", "#
                + #""metadata": {"document_ids": \#(files), "scores": \#(scores)}}]}}}}"#
        }
        let (reader, _) = try read([
            frame(#"["a", "b", "c"]"#, "[0.5, 0.2]"), frame(#"["d", "e"]"#, "[0.9, 0.5]"),
        ])
        #expect(reader.found.map(\.document) == ["d", "a", "e", "b", "c"])
    }

    @Test("The parts of one turn have their passages by scores, whichever part found them")
    func parts() {
        let passages = { (scores: [Double?]) in
            scores.map { Answer.Passage(document: "\($0 ?? -1).md", score: $0) }
        }
        let first = Answer(status: .completed, retrieved: passages([0.5, nil]))
        let whole = first.followed(by: Answer(status: .completed, retrieved: passages([0.9, 0.4])))
        #expect(whole.retrieved.map(\.score) == [0.9, 0.5, 0.4, nil])
    }

    @Test("A recorded turn that waits for a function tells its calls", arguments: ["0.2.24", "0.3.5"])
    func waiting(_ version: String) throws {
        let (reader, events) = try read("\(version)/07-client-tool-turn-pending")
        #expect(reader.calls.map(\.name) == ["local_tool"])
        #expect(reader.calls.first?.id.hasPrefix("call_") == true)
        #expect(FunctionCall.parsed(reader.calls.first?.arguments ?? "-")?.object != nil)
        #expect(!reader.turn.isEmpty)
        #expect(reader.answer?.status == .completed && reader.answer?.hasMessage == false)
        #expect(events.isEmpty)
    }

    @Test("A recorded plain turn is one step", arguments: ["0.2.24", "0.3.5"])
    func plain(_ version: String) throws {
        let (reader, _) = try read("\(version)/07-turn-stream")
        #expect(reader.answer?.steps == 1)
        #expect(reader.answer?.streamedText == reader.answer?.text)
        #expect(reader.answer?.toolCalls == [])
    }

    @Test("A recorded error frame is thrown with its words", arguments: ["0.2.24", "0.3.5"])
    func failure(_ version: String) {
        #expect(
            throws: TurnReader.Failure(message: "400: Invalid value: Session 'nope' not found or access denied.")
        ) { try read("\(version)/07-turn-404-stream") }
    }

    /// As both send it when `max_infer_iters` is reached by a call: an event that waits, a reason that does not.
    @Test("Out of steps is incomplete, although the server says that it waits")
    func outOfSteps() throws {
        let call = #"{"call_id":"c","tool_name":"greet","arguments":"{}"}"#
        let message = #"{"content":"","stop_reason":"end_of_turn","tool_calls":[\#(call)]}"#
        let turn = #"{"turn_id":"t","output_message":\#(message)}"#
        let (reader, _) = try read([#"{"event":{"payload":{"event_type":"turn_awaiting_input","turn":\#(turn)}}}"#])
        #expect(reader.answer?.status == .incomplete)
        #expect(reader.answer?.error == "max_iterations_exceeded")
        #expect(reader.calls.isEmpty)
    }

    @Test("A frame that is no JSON, or says nothing, is an error", arguments: ["{", "{}", "[]"])
    func unreadable(_ frame: String) {
        #expect(throws: TurnReader.Failure.self) { try read([frame]) }
    }
}
