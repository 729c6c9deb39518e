import Fakes
import Language
import Testing
import Wire

@Suite("An MCP server's tools")
struct MCPServerTests {
    private static let greeting = ScriptedTransport.Step.json(
        200, #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-03-26","capabilities":{}}}"#,
        headers: [("mcp-session-id", "s-1")])
    private static let accepted = ScriptedTransport.Step.json(202, "")

    private func ask(_ steps: [ScriptedTransport.Step]) async throws -> (tools: [String], sent: [HTTPRequest]) {
        let transport = ScriptedTransport(steps)
        let server = MCPServer("http://desk.test/mcp", token: Secret("t"), transport: transport)
        return (try await server.tools(), transport.requests)
    }

    @Test("All pages are read, in the session and the version that the server chose")
    func pages() async throws {
        let (tools, sent) = try await ask([
            Self.greeting, Self.accepted,
            .json(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}],"nextCursor":"2"}}"#),
            .json(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"b"}]}}"#),
        ])
        #expect(tools == ["a", "b"])
        #expect(sent.allSatisfy { $0.url == "http://desk.test/mcp" && $0.authorization?.revealed == "Bearer t" })
        let last = try #require(sent.last)
        let headers = Dictionary(last.headers.map { ($0.name, $0.value) }) { first, _ in first }
        #expect(headers["mcp-session-id"] == "s-1" && headers["mcp-protocol-version"] == "2025-03-26")
        #expect(headers["accept"] == "application/json, text/event-stream")
        #expect(last.headers.count { $0.name == "accept" } == 1, "Servers read the first and refuse the rest.")
    }

    @Test("An answer may come as a stream of events")
    func events() async throws {
        let answer = #"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}"#
        let notice = #"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#
        let stream = "event: message\ndata: \(notice)\n\nevent: message\ndata: \(answer)\n\n"
        let response = HTTPResponse(
            status: 200, headers: [("content-type", "text/event-stream; charset=utf-8")], body: Array(stream.utf8))
        #expect(try await ask([Self.greeting, Self.accepted, .response(response)]).tools == ["a"])
    }

    @Test(
        "What is no MCP server is an error that says why",
        arguments: [
            (ScriptedTransport.Step.page(200, "<html>hello</html>"), "no message of the protocol"),
            (.json(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Nope"}}"#), "Nope"),
            (.json(401, #"{"error":"no token"}"#), "no token"),
        ])
    func strangers(answer: ScriptedTransport.Step, why: String) async throws {
        let error = await #expect(throws: WireError.self) { try await ask([answer]) }
        #expect(error?.message.contains(why) == true, "\(error?.message ?? "")")
    }
}
