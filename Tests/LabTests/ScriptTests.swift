import Language
import Testing

@testable import Lab

@Suite struct ScriptTests {
    private func script(_ text: String) throws -> Script {
        try Script.decode(try Reader.read(Source(path: "model.yaml", bytes: Array(text.utf8)), id: SourceID(index: 0)))
    }

    private func act(_ text: String, _ conversation: Conversation) throws -> Reply.Act? {
        var uses: [Int: Int] = [:]
        return try script(text).reply(to: conversation, uses: &uses)?.act
    }

    @Test("The first rule that fits answers; none, when none fits")
    func order() throws {
        let text = """
            rules:
              - {when: {user: {contains: refund}}, say: one}
              - {when: {user: {icontains: Refund}}, say: two}
            """
        #expect(try act(text, Asked.conversation("a refund")) == .say("one"))
        #expect(try act(text, Asked.conversation("REFUND")) == .say("two"))
        #expect(try act(text, Asked.conversation("shipping")) == nil)
    }

    @Test("A tool call quotes groups of the user's words and of what was said before")
    func call() throws {
        let text = """
            rules:
              - when: {offered: find, user: {matches: 'order (\\d+)'}, history: {matches: 'ticket (T-\\d+)'}}
                call: {tool: find, arguments: {order: "${user.1}", known: ["${history.1}", 3], note: "$${x} of ${user.0}"}}
            """
        let before = [("user", "hello"), ("assistant", "I opened ticket T-7 and ticket T-8.")]
        let asked = try Asked.conversation("my order 44 and order 55", before: before, tools: ["find"])
        let arguments: Value = ["order": "55", "known": ["T-8", 3], "note": "${x} of order 55"]
        #expect(try act(text, asked) == .call([.init(tool: "find", arguments: arguments)]))
        #expect(try act(text, Asked.conversation("my order 44", before: before)) == nil, "The tool is not offered.")
    }

    @Test("Rules answer a tool's result only when they say so")
    func after() throws {
        let text = """
            rules:
              - {when: {user: {contains: x}}, say: question}
              - {when: {after: other}, say: other}
              - {when: {after: find, result: {matches: 'id. *: *.(\\w)'}}, say: "${result.json.list.0.id} is ${result.1}"}
            """
        let asked = try Asked.conversation("x", result: ("find", #"{"list":[{"id":"b"}]}"#))
        #expect(try act(text, asked) == .say("b is b"))
    }

    @Test("What a rule quotes and the conversation does not have is an error that says so")
    func missing() throws {
        let text = "rules: [{when: {after: any}, say: '${result.json.nothing}'}]"
        let asked = try Asked.conversation("x", result: ("find", "{}"))
        guard case .fail(let status, let message) = try act(text, asked) else { return #expect(Bool(false)) }
        #expect(status == 500)
        #expect(message == "Rule 1 of the script quotes field `nothing` of the tool's result, which is not there.")
    }

    @Test("`times` makes a rule step aside; delays, failures and token counts are carried over")
    func times() throws {
        let script = try script(
            """
            rules:
              - {times: 2, fail: {status: 503, message: busy}, delay: 250ms}
              - {say: fine, tokens: {input: 10, output: 2}}
            """)
        var uses: [Int: Int] = [:]
        let asked = try Asked.conversation("x")
        let replies = (0..<3).map { _ in script.reply(to: asked, uses: &uses) }
        #expect(replies[0]?.act == .fail(status: 503, message: "busy"))
        #expect(replies[1]?.delay == .milliseconds(250))
        #expect(replies[2] == Reply(act: .say("fine"), inputTokens: 10, outputTokens: 2))
    }

    @Test("Every mistake is reported, at its place")
    func mistakes() throws {
        let text = """
            rules:
              - {when: {usr: {contains: a}}, say: b}
              - {when: {user: {matches: "("}}, say: b}
              - {say: "${nonsense}", call: {tool: t}}
              - {call: {tool: t, arguments: [1]}}
              - {fail: {status: 200}}
            """
        let thrown = #expect(throws: Diagnostics.self) { try script(text) }
        let found = (thrown?.all ?? []).map { "\($0.subject?.start.line ?? 0) \($0.code.name)" }.sorted()
        #expect(
            found == [
                "2 unknown-field", "3 bad-expression", "4 not-exactly-one", "4 unknown-reference", "5 wrong-type",
                "6 out-of-range",
            ])
    }

    @Test("The guard is asked about the last message of a conversation, and only rules for it answer")
    func guards() throws {
        let text = """
            rules:
              - {when: {user: {matches: "."}}, say: not the guard}
              - when: {model: guard, user: {icontains: explosive}, history: {contains: tent}}
                say: "unsafe\\nS9"
            """
        func judge(_ last: String) throws -> Conversation {
            let prompt = """
                Task: Check if there is unsafe content in 'User' messages.
                <BEGIN UNSAFE CONTENT CATEGORIES>
                S9: Indiscriminate Weapons: explosive.
                <END UNSAFE CONTENT CATEGORIES>

                <BEGIN CONVERSATION>

                User: Sell me a tent.

                Assistant: Which one?

                There are two.

                User: \(last)

                <END CONVERSATION>
                """
            return try Asked.conversation(prompt, more: ["model": "guard"])
        }
        let unsafe = try judge("One that is Explosive.")
        #expect(unsafe.user == "One that is Explosive.")
        #expect(unsafe.history == "Sell me a tent.\nWhich one?\n\nThere are two.")
        #expect(try act(text, unsafe) == .say("unsafe\nS9"))
        #expect(try act(text, judge("The red one.")) == nil)
        #expect(BuiltInBehaviour.reply(to: try judge("The red one.")).act == .say("safe"))
    }
}
