import HTTPTypes
import Hummingbird
import Language
import Testing

@testable import Lab

@Suite struct DeskTests {
    private let desk = TicketDesk()

    private func ask(_ method: String, _ parameters: Value = [:], id: Value? = 1) -> Value? {
        var message: [String: Value] = ["jsonrpc": "2.0", "method": .string(method), "params": parameters]
        message["id"] = id
        return JSONRPC.answer(to: .object(message), desk: desk)
    }

    @Test("It greets in the version that the client asks for, or in its newest")
    func initialize() {
        #expect(ask("initialize", ["protocolVersion": "2025-03-26"])?["result"]?["protocolVersion"] == "2025-03-26")
        #expect(ask("initialize", ["protocolVersion": "1999-01-01"])?["result"]?["protocolVersion"] == "2025-11-25")
    }

    @Test("Notifications and answers get no answer, ping an empty one, unknown methods an error")
    func protocolRules() {
        #expect(ask("notifications/initialized", id: nil) == nil)
        #expect(JSONRPC.answer(to: ["jsonrpc": "2.0", "id": 3, "result": [:]], desk: desk) == nil)
        #expect(ask("ping", id: "a") == ["jsonrpc": "2.0", "id": "a", "result": [:]])
        #expect(ask("resources/list")?["error"]?["code"] == -32601)
        #expect(JSONRPC.answer(to: ["id": 1], desk: desk)?["error"]?["code"] == -32600)
    }

    @Test("Every tool is listed with a schema that requires its arguments")
    func list() {
        let tools = ask("tools/list")?["result"]?["tools"]?.array ?? []
        #expect(tools.compactMap { $0["name"]?.string } == ["ticket_create", "ticket_search"])
        #expect(tools[0]["inputSchema"]?["required"] == ["order", "problem"])
    }

    @Test("A ticket is opened once for a problem of an order, and found by id, order or words")
    func tickets() {
        let problem: Value = ["order": 4411, "problem": "Broken zip"]
        let first = ask("tools/call", ["name": "ticket_create", "arguments": problem])
        let again = ask("tools/call", ["name": "ticket_create", "arguments": problem])
        #expect(first?["result"]?["structuredContent"]?["ticketId"] == "T-4411-1")
        #expect(first == again)
        #expect(desk.create(order: "4411", problem: "Lost").id == "T-4411-2")
        for query in ["t-4411-1", "ZIP"] {
            let found = ask("tools/call", ["name": "ticket_search", "arguments": ["query": .string(query)]])
            #expect(found?["result"]?["structuredContent"]?["tickets"]?.array?.count == 1, "\(query)")
        }
        #expect(desk.search("4411").count == 2)
    }

    @Test("A missing argument is told to the model, an unknown tool to the client")
    func badCalls() {
        let missing = ask("tools/call", ["name": "ticket_create", "arguments": ["order": "1"]])
        #expect(missing?["result"]?["isError"] == true)
        #expect(ask("tools/call", ["name": "nope"])?["error"]?["code"] == -32602)
    }

    @Test("The stock is asked with an article, and an error says what was wrong with the question")
    func stock() {
        #expect(Stock.answer(["article": "Tent"]).status == .ok)
        #expect(Stock.answer(["article": "piano"]).status == .notFound)
        #expect(Stock.answer([:]).status == .badRequest)
    }
}
