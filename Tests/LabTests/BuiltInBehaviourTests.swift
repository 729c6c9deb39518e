import Language
import Testing

@testable import Lab

@Suite struct BuiltInBehaviourTests {
    @Test("A question is looked up when a file search is offered")
    func searches() throws {
        let asked = try Asked.conversation("What is the refund window?", tools: ["ticket_create", "file_search"])
        let function = asked.offered[1]
        #expect(function.name == "file_search")
        guard case .call(let calls) = BuiltInBehaviour.reply(to: asked).act else { return #expect(Bool(false)) }
        #expect(calls.map(\.tool) == ["file_search"])
    }

    @Test("Found passages are answered with their best sentence, and with nothing of the sort when there are none")
    func answers() throws {
        let found = try Asked.conversation(
            "Refund days?", result: ("file_search", Asked.fileSearch(["# A\nThe refund takes 5 days."])))
        #expect(BuiltInBehaviour.reply(to: found).act == .say("The refund takes 5 days."))
        let none = try Asked.conversation("Refund days?", result: ("file_search", Asked.fileSearch([])))
        #expect(BuiltInBehaviour.reply(to: none).act == .say("I could not find that in the documents."))
    }

    @Test("`tool_choice: none` keeps it from calling a tool; naming a function makes it call that one")
    func choice() throws {
        let none = try Asked.conversation("Why?", tools: ["file_search"], more: ["tool_choice": "none"])
        guard case .say = BuiltInBehaviour.reply(to: none).act else { return #expect(Bool(false)) }
        let wanted: Value = ["type": "function", "function": ["name": "b"]]
        let named = try Asked.conversation("Do it.", tools: ["a", "b"], more: ["tool_choice": wanted])
        #expect(BuiltInBehaviour.reply(to: named).act == .call([.init(tool: "b", arguments: [:])]))
    }

    @Test("A JSON schema is answered with an object of its shape")
    func schema() throws {
        let schema: Value = [
            "type": "object", "properties": ["text": ["type": "string"], "count": ["type": "integer"]],
        ]
        let format: Value = ["type": "json_schema", "json_schema": ["name": "x", "schema": schema]]
        let asked = try Asked.conversation("Hello", more: ["response_format": format])
        guard case .say(let text) = BuiltInBehaviour.reply(to: asked).act else { return #expect(Bool(false)) }
        let answer = try Value(json: text.utf8)
        #expect(answer["count"] == 0)
        #expect(answer["text"]?.string?.contains("Hello") == true)
    }
}
