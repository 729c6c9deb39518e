import Fakes
import Foundation
import Language
import Testing
import Wire

@testable import Runtime

/// The reader against what MLflow 3.17.2 served: the agent of the quickstart, by AgentServer and by `models serve`.
@Suite struct InvocationReaderTests {
    private let agent = AgentDefinition(
        name: "support", model: "m", instructions: "",
        tools: [
            ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["handbook"])),
            ToolDefinition(name: "tickets", mcp: .init(url: "http://desk/mcp", allow: ["ticket_create"])),
            ToolDefinition(name: "weather", function: .init(description: "Weather", parameters: [:])),
        ])

    private func fixture(_ name: String, _ kind: String) throws -> Data {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/mlflow/\(name)", withExtension: kind))
        return try Data(contentsOf: url)
    }

    private func read(_ frames: [String]) throws -> (answer: Answer?, events: [AgentEvent]) {
        var reader = InvocationReader(agent)
        let events = try frames.enumerated().flatMap { try reader.read($1, at: .milliseconds($0)) }
        return (reader.answer, events)
    }

    private func recorded(_ name: String) throws -> (answer: Answer?, events: [AgentEvent]) {
        var parser = ServerSentEventParser()
        return try read(parser.read(fixture(name, "sse")).map(\.data))
    }

    @Test("A streamed search gives documents by our paths, the declared tool, the citation, the tokens and times")
    func search() throws {
        let (read, events) = try recorded("agent-server-search")
        let answer = try #require(read)
        #expect(answer.status == .completed && answer.text.hasPrefix("The refund window is 30 days"))
        #expect(answer.retrieved.map(\.document) == ["docs/refunds.md", "docs/warranty.md", "docs/shipping.md"])
        #expect(answer.cited == ["docs/refunds.md"] && answer.tellsSources && answer.tellsCitations)
        #expect(answer.toolCalls.map(\.name) == ["knowledge"])
        #expect(answer.toolCalls.first?.arguments == ["query": "What is the refund window?"])
        #expect(answer.usage == Answer.Usage(input: 1340, output: 29))
        #expect(answer.streamedText == answer.text)
        #expect(answer.timeToFirstToken == .milliseconds(1) && answer.latency == .milliseconds(6))
        let call = try #require(answer.toolCalls.first)
        #expect(events.prefix(3) == [.toolStarted(name: "knowledge"), .toolFinished(call), .text("The refund window")])
    }

    @Test("The same answer that was not streamed says the same, without times of its text")
    func whole() throws {
        var reader = InvocationReader(agent)
        let body = try Value(json: fixture("models-serve-search", "json"))
        let events = try reader.read(whole: body, at: .milliseconds(6))
        var answer = try #require(reader.answer)
        #expect(answer.timeToFirstToken == nil && answer.streamedText == nil && events.count == 2)
        let streamed = try #require(try recorded("agent-server-search").answer)
        #expect(answer.retrieved.map(\.document) == streamed.retrieved.map(\.document))
        (answer.timeToFirstToken, answer.streamedText) = (streamed.timeToFirstToken, streamed.streamedText)
        (answer.id, answer.retrieved) = (streamed.id, streamed.retrieved)
        #expect(answer == streamed)
    }

    @Test("A call of an MCP tool has the declared tool, arguments and result; whether it went wrong is not told")
    func mcp() throws {
        let (read, events) = try recorded("agent-server-mcp")
        let answer = try #require(read)
        let call = try #require(answer.toolCalls.first)
        #expect(call.name == "ticket_create" && call.tool == "tickets")
        #expect(call.arguments == ["order": "4411", "problem": "arrived with a broken zip"])
        #expect(call.result?.contains("T-4411-1") == true && call.error == nil)
        #expect(events.prefix(2) == [.toolStarted(name: "ticket_create"), .toolFinished(call)])
        #expect(answer.pendingCalls.isEmpty && !answer.tellsToolErrors)
    }

    private static func item(_ item: String) -> String {
        #"{"type":"response.output_item.done","item":\#(item)}"#
    }

    @Test("An output tells with its status that its call went wrong")
    func failedCall() throws {
        let (read, _) = try read([
            Self.item(#"{"type":"function_call","call_id":"c","name":"ticket_create","arguments":"{}"}"#),
            Self.item(
                #"{"type":"function_call_output","call_id":"c","output":"no such order","status":"incomplete"}"#),
            "[DONE]",
        ])
        let answer = try #require(read)
        #expect(answer.toolCalls.map(\.error) == ["no such order"] && answer.toolCalls.first?.result == nil)
        #expect(answer.tellsToolErrors && !answer.hasMessage)
    }

    @Test("What a server agent's search found, and ids that only its server knows, count as not told")
    func hiddenSources() throws {
        let (hidden, _) = try read([
            Self.item(#"{"type":"function_call","call_id":"c","name":"knowledge_search","arguments":"{}"}"#),
            Self.item(#"{"type":"function_call_output","call_id":"c","output":"30 days"}"#), "[DONE]",
        ])
        #expect(hidden?.toolCalls.map(\.name) == ["knowledge"] && hidden?.tellsSources == false)
        let id = "file-" + String(repeating: "a", count: 32)
        let (unnamed, _) = try read([
            Self.item(#"{"type":"file_search_call","id":"f","queries":["q"],"results":[{"filename":"\#(id)"}]}"#),
            "[DONE]",
        ])
        #expect(unnamed?.tellsSources == false)
    }

    @Test("A call of a declared function is not told as begun before anybody carries it out")
    func waiting() throws {
        var reader = InvocationReader(agent)
        let frame = Self.item(
            #"{"type":"function_call","call_id":"c","name":"weather","arguments":"{\"city\":\"Rome\"}"}"#)
        #expect(try reader.read(frame, at: .zero).isEmpty)
        #expect(reader.output.waiting == [FunctionCall(id: "c", name: "weather", arguments: #"{"city":"Rome"}"#)])
    }

    @Test("That chat completions answered is told")
    func fallback() throws {
        let (read, _) = try read([
            #"{"type":"response.completed","response":{"output":[]},"custom_outputs":{"fallback":"no agents"}}"#
        ])
        #expect(read?.fallback == "no agents" && read?.hasMessage == false)
    }

    @Test("That the server behind does not report what is cited or found is told, streamed or not")
    func untold() throws {
        let said = #"{"output":[],"custom_outputs":{"tells_citations":false,"tells_sources":false}}"#
        let (streamed, _) = try read([#"{"type":"response.completed","response":\#(said)}"#])
        #expect(streamed?.tellsCitations == false && streamed?.tellsSources == false)
        var reader = InvocationReader(agent)
        _ = try reader.read(whole: try Value(json: said.utf8), at: .zero)
        #expect(reader.answer?.tellsCitations == false && reader.answer?.tellsSources == false)
        let (told, _) = try read([#"{"type":"response.completed","response":{"output":[],"custom_outputs":{}}}"#])
        #expect(told?.tellsCitations == true && told?.tellsSources == true)
    }

    @Test("A failed and an incomplete response keep their status and reason")
    func unfinished() throws {
        let (failed, _) = try read([
            #"{"type":"response.failed","response":{"status":"failed","error":{"code":"x","message":"too long"}}}"#
        ])
        #expect(failed?.status == .failed && failed?.error == "too long")
        let (cut, _) = try read([
            #"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_iterations_exceeded"}}}"#
        ])
        #expect(cut?.status == .incomplete && cut?.error == "max_iterations_exceeded")
    }

    @Test(
        "Error frames break the stream with the server's words",
        arguments: [
            (#"{"error": "model is gone"}"#, "model is gone"),
            (#"{"type":"error","code":"500","message":"model is gone"}"#, "model is gone"),
            (#"{"error":{"message":"model is gone"}}"#, "model is gone"),
            ("{", "The server sent something that cannot be read: {"),
        ])
    func errorFrames(frame: String, message: String) throws {
        var reader = InvocationReader(agent)
        let failure = #expect(throws: InvocationReader.Failure.self) { try reader.read(frame, at: .zero) }
        #expect(failure?.message == message)
    }

    @Test("A stream that says nothing before its end gives no answer; the id of a trace is none")
    func nothing() throws {
        #expect(try read([#"{"trace_id": "tr-1"}"#, "[DONE]"]).answer == nil)
    }
}
