import Language
import Testing

@testable import Lab

@Suite struct ToolResultTests {
    @Test("The passages of OGX's file search come out without what it wraps them in")
    func passages() {
        let raw = Asked.fileSearch(["# Refunds\nYou have 30 days.", "# Shipping\nIt takes a week."])
        let result = ToolResult(tool: "file_search", raw: raw)
        #expect(result.passages.map(\.text) == ["# Refunds\nYou have 30 days.", "# Shipping\nIt takes a week."])
        #expect(result.passages.map(\.citation) == [nil, nil])
        #expect(!result.text.contains("untrusted"))
    }

    @Test("Passages whose lines end with CRLF come out one by one")
    func carriageReturns() {
        let raw = "Result 1\nContent: One.\r\nMore.\r\nResult 2\nContent: Two.\r\n"
        let passages = ToolResult(tool: "knowledge_search", raw: raw).passages.map(\.text)
        #expect(passages == ["One.\r\nMore.", "Two."])
    }

    @Test("An empty search has no passages")
    func empty() {
        #expect(ToolResult(tool: "file_search", raw: Asked.fileSearch([])).passages.isEmpty)
    }

    @Test("A citation is kept only where the server reads it back: ids that start with `file-`")
    func citation() {
        let raw = "[1] document_id: file-12ab, score: 1, attributes: {} cite as <|file-12ab|>\nText.\nEND of x."
        #expect(ToolResult(tool: "file_search", raw: raw).passages == [.init(citation: "<|file-12ab|>", text: "Text.")])
    }

    @Test("Passages of older servers are read too")
    func older() {
        let raw = """
            knowledge_search tool found 2 chunks:
            BEGIN of knowledge_search tool results.
            Result 1
            Content: One.
            Metadata: {'document_id': 'a'}
            Result 2
            Content: Two.
            END of knowledge_search tool results.
            """
        #expect(ToolResult(tool: "knowledge_search", raw: raw).passages.map(\.text) == ["One.", "Two."])
    }

    @Test(
        "Results without the id of their call, as agents of Llama Stack 0.2 send them, answer the last calls in order")
    func withoutIDs() throws {
        let calls = ["stock", "delivery"].map { name -> Value in
            [
                "id": .string("call_\(name)"), "type": "function",
                "function": ["name": .string(name), "arguments": "{}"],
            ]
        }
        let body: Value = [
            "model": "llm",
            "messages": [
                ["role": "user", "content": "Both, please."],
                ["role": "assistant", "content": "", "tool_calls": .array(calls)],
                ["role": "tool", "content": [["type": "text", "text": "12"]]],
                ["role": "tool", "content": [["type": "text", "text": "Tuesday"]]],
            ],
        ]
        let results = Conversation(try body.decoded()).results
        #expect(results.map(\.tool) == ["stock", "delivery"])
        #expect(results.map(\.text) == ["12", "Tuesday"])
    }

    @Test("A result in JSON can be read as data, another one cannot")
    func json() {
        #expect(ToolResult(tool: "a", raw: #"{"ticketId":"T-1"}"#).json?["ticketId"] == "T-1")
        #expect(ToolResult(tool: "a", raw: "plain").json == nil)
    }
}
