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
        let server = MCPServer(
            "http://desk.test/mcp", sending: .init(token: Secret("desk-token")), transport: transport)
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
        #expect(
            sent.allSatisfy { $0.url == "http://desk.test/mcp" && $0.authorization?.revealed == "Bearer desk-token" })
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

    @Test("A result that is no list of tools, or a list without end, says nothing of the tools: it is an error")
    func oddLists() async throws {
        let odd = ScriptedTransport.Step.json(#"{"jsonrpc":"2.0","id":1,"result":{"items":[]}}"#)
        let endless = ScriptedTransport.Step.json(
            #"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"nextCursor":"again"}}"#)
        for answers in [[odd], Array(repeating: endless, count: 1500)] {
            let error = await #expect(throws: WireError.self) {
                try await ask([Self.greeting, Self.accepted] + answers)
            }
            #expect(error?.cause == .unreadable && error?.message.contains("no list of tools") == true)
        }
        let none = ScriptedTransport.Step.json(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#)
        #expect(try await ask([Self.greeting, Self.accepted, none]).tools == [])
    }

    @Test("The address is asked as it is written, with its headers")
    func address() async throws {
        let page = ScriptedTransport.Step.json(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}"#)
        let transport = ScriptedTransport([Self.greeting, Self.accepted, page])
        let headers = MCPServer.Headers(plain: [("X-Team", "a")], secret: [("X-Key", Secret("k"))])
        let server = MCPServer("http://desk.test/mcp/", sending: headers, transport: transport)
        #expect(try await server.tools() == ["a"])
        #expect(transport.requests.allSatisfy { $0.url == "http://desk.test/mcp/" })
        #expect(transport.requests.allSatisfy { $0.secretHeaders.first?.value.revealed == "k" })
        #expect(transport.requests.allSatisfy { $0.headers.contains { $0.name == "X-Team" && $0.value == "a" } })
    }

    @Test("A redirect is followed")
    func redirect() async throws {
        let moved = ScriptedTransport.Step.response(HTTPResponse(status: 307, headers: [("location", "/mcp/")]))
        let page = ScriptedTransport.Step.json(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}"#)
        let (tools, sent) = try await ask([moved, Self.greeting, moved, Self.accepted, moved, page])
        #expect(tools == ["a"] && sent.count == 6)
    }

    @Test("A server that speaks only by a stream is asked so")
    func stream() async throws {
        func event(_ name: String, _ data: String) -> [UInt8] { Array("event: \(name)\ndata: \(data)\n\n".utf8) }
        let events = ScriptedTransport.Step.stream([
            event("endpoint", "/messages/?session=1"),
            event("message", #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2024-11-05"}}"#),
            event("message", #"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}],"nextCursor":"2"}}"#),
            event("message", #"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"b"}]}}"#),
        ])
        let steps = [.json(405, "{}"), events] + Array(repeating: Self.accepted, count: 4)
        let (tools, sent) = try await ask(steps)
        #expect(tools == ["a", "b"])
        #expect(sent.map(\.method.rawValue) == ["POST", "GET", "POST", "POST", "POST", "POST"])
        #expect(sent.dropFirst(2).allSatisfy { $0.url == "http://desk.test/messages/?session=1" })
        #expect(sent.allSatisfy { $0.authorization?.revealed == "Bearer desk-token" })
    }
}
