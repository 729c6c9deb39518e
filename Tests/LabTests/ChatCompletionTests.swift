import Language
import Testing

@testable import Lab

@Suite struct ChatCompletionTests {
    private func completion(_ act: Reply.Act, input: Int? = nil) throws -> ChatCompletion {
        ChatCompletion(Reply(act: act, inputTokens: input), to: try Asked.request("Hi"), id: "c1", created: 7)
    }

    @Test("A whole text answer is a chat completion with usage")
    func whole() throws {
        let body = try completion(.say("Hello there"), input: 9).whole
        #expect(
            body.canonicalJSON == """
                {"choices":[{"finish_reason":"stop","index":0,"message":{"content":"Hello there","role":"assistant"}}],\
                "created":7,"id":"c1","model":"llm","object":"chat.completion",\
                "usage":{"completion_tokens":3,"prompt_tokens":9,"total_tokens":12}}
                """)
    }

    @Test("A streamed text begins with the role, joins to the text, ends with reason, usage and [DONE]")
    func stream() throws {
        let text = "One two three four.\nFive  six\n"
        let frames = try completion(.say(text)).frames(withUsage: true)
        #expect(frames.allSatisfy { $0.hasPrefix("data: ") && $0.hasSuffix("\n\n") })
        #expect(frames.last == "data: [DONE]\n\n")
        let chunks = try frames.dropLast().map { try Value(json: $0.dropFirst(6).utf8) }
        #expect(chunks.allSatisfy { $0["object"] == "chat.completion.chunk" })
        let deltas = chunks.compactMap { $0["choices"]?.array?.first?["delta"] }
        #expect(deltas.first?["role"] == "assistant")
        #expect(deltas.compactMap { $0["content"]?.string }.joined() == text)
        #expect(deltas.count > 3)
        #expect(chunks.dropLast().last?["choices"]?.array?.first?["finish_reason"] == "stop")
        #expect(chunks.last?["choices"] == [] && chunks.last?["usage"]?["total_tokens"]?.integer ?? 0 > 0)
    }

    @Test("A refusal is marked as one, whole and streamed")
    func refusal() throws {
        let refusal = try completion(.refuse("I cannot help with that."))
        let choice = refusal.whole["choices"]?.array?.first
        #expect(choice?["message"]?["refusal"] == "I cannot help with that." && choice?["message"]?["content"] == .null)
        let deltas = try refusal.frames(withUsage: false).dropLast().compactMap {
            try Value(json: $0.dropFirst(6).utf8)["choices"]?.array?.first?["delta"]
        }
        #expect(deltas.compactMap { $0["refusal"]?.string }.joined() == "I cannot help with that.")
        #expect(deltas.allSatisfy { $0["content"]?.string?.isEmpty ?? true })
    }

    @Test("Without `include_usage` a stream has no usage frame")
    func noUsage() throws {
        let frames = try completion(.say("Hi")).frames(withUsage: false)
        #expect(!frames.contains { $0.contains("usage") })
    }

    @Test("A streamed tool call names the tool first and then its arguments, under one id")
    func toolCall() throws {
        let call = Reply.Call(tool: "ticket_create", arguments: ["order": "4411"])
        let frames = try completion(.call([call])).frames(withUsage: false).dropLast()
        let deltas = try frames.compactMap { try Value(json: $0.dropFirst(6).utf8)["choices"]?.array?.first }
        let calls = deltas.compactMap { $0["delta"]?["tool_calls"]?.array?.first }
        #expect(calls.count == 2)
        #expect(calls[0]["function"] == ["name": "ticket_create", "arguments": ""])
        #expect(calls[0]["id"]?.string?.hasPrefix("call_") == true)
        #expect(calls[1]["function"]?["arguments"]?.string == #"{"order":"4411"}"#)
        #expect(deltas.last?["finish_reason"] == "tool_calls")
    }

    @Test("Two calls in one answer have different ids")
    func ids() throws {
        let call = Reply.Call(tool: "a", arguments: [:])
        let calls = try completion(.call([call, call])).whole["choices"]?.array?.first?["message"]?["tool_calls"]?.array
        #expect(Set((calls ?? []).compactMap { $0["id"]?.string }).count == 2)
    }
}
