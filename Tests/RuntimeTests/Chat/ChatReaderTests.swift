import Foundation
import Language
import Testing
import Wire

@testable import Runtime

@Suite struct ChatReaderTests {
    private func read(_ chunks: [String]) throws -> ChatReader {
        var reader = ChatReader()
        for (index, chunk) in chunks.enumerated() { _ = try reader.read(chunk, at: .milliseconds(index)) }
        return reader
    }

    @Test("A recorded completion gives its text and why it ended")
    func recorded() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/0.2.24/11-chat-stream", withExtension: "sse"))
        var parser = ServerSentEventParser()
        let reader = try read(try parser.read(Data(contentsOf: url)).map(\.data))
        #expect(reader.text == "ANSWER[] to: hi")
        #expect(reader.reason == "stop" && reader.calls.isEmpty && reader.usage == nil)
        #expect(reader.timeToFirstToken == .milliseconds(1))
    }

    @Test("Cached tokens and those of thinking are read")
    func details() throws {
        var reader = ChatReader()
        let details =
            #""prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}"#
        _ = try reader.read(
            #"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,\#(details)}}"#, at: .zero)
        #expect(reader.usage?.cached == 8 && reader.usage?.reasoning == 3)
    }

    @Test("Calls come in pieces, and the usage without a choice")
    func calls() throws {
        let first = #"{"index":0,"id":"c1","function":{"name":"weather","arguments":""}}"#
        let reader = try read([
            #"{"choices":[{"delta":{"tool_calls":[\#(first)]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Rome\"}"}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"time"}}]}}]}"#,
            #"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
            #"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}"#, "[DONE]",
        ])
        #expect(
            reader.calls == [
                FunctionCall(id: "c1", name: "weather", arguments: #"{"city":"Rome"}"#),
                FunctionCall(id: "c2", name: "time", arguments: ""),
            ])
        #expect(reader.usage == Answer.Usage(input: 10, output: 5))
    }

    @Test("An error frame and what cannot be read are failures")
    func failures() {
        #expect(throws: ChatReader.Failure(code: "404", message: "no")) {
            try read([#"{"error":{"message":"no","code":404}}"#])
        }
        #expect(throws: ChatReader.Failure.self) { try read(["{"]) }
    }
}
