import Language
import Runtime
import Testing

@testable import Suites

@Suite("Expectation")
struct ExpectationTests {
    /// A wrong expectation and the code of the one diagnostic that it gets.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let spec: String
        let code: String

        var testDescription: String { "\(spec) is \(code)" }
    }

    @Test("A mistake gives one diagnostic", arguments: mistakes)
    func mistakesAreReported(mistake: Mistake) throws {
        let (_, problems) = try decode(mistake.spec)
        #expect(problems.map(\.code.name) == [mistake.code])
        #expect(problems.allSatisfy { $0.subject != nil && $0.fix != nil })
    }

    static let mistakes = [
        Mistake(spec: #"{"contians": "a"}"#, code: "unknown-field"),
        Mistake(spec: #"{}"#, code: "not-one-assertion"),
        Mistake(spec: #"{"raw": true}"#, code: "not-one-assertion"),
        Mistake(spec: #"{"json": true, "raw": true}"#, code: "raw-without-text"),
        Mistake(spec: #"{"contains": "a", "raw": "yes"}"#, code: "wrong-type"),
        Mistake(spec: #"{"contains": "a", "equals": "b"}"#, code: "not-one-assertion"),
        Mistake(spec: #"{"contains": 30}"#, code: "wrong-type"),
        Mistake(spec: #"{"contains": ""}"#, code: "empty-text"),
        Mistake(spec: #"{"matches": "(a"}"#, code: "bad-pattern"),
        Mistake(spec: #"{"json": false}"#, code: "bad-negation"),
        Mistake(spec: #"{"jsonPath": {"path": "$.a["}}"#, code: "bad-json-path"),
        Mistake(spec: #"{"jsonPath": {"path": "$.a", "equals": 1, "matches": "a"}}"#, code: "conflicting-fields"),
        Mistake(spec: #"{"jsonPath": {"path": "$.a", "equals": null, "contains": "a"}}"#, code: "conflicting-fields"),
        Mistake(spec: #"{"jsonPath": {"equals": 1}}"#, code: "missing-field"),
        Mistake(spec: #"{"calledTool": {"nmae": "a", "name": "b"}}"#, code: "unknown-field"),
        Mistake(spec: #"{"calledTool": ["a"]}"#, code: "wrong-type"),
        Mistake(spec: #"{"tokens": {}}"#, code: "missing-field"),
        Mistake(spec: #"{"latency": "15"}"#, code: "bad-duration"),
        Mistake(spec: #"{"status": "complete"}"#, code: "unknown-choice"),
        Mistake(spec: #"{"atLeast": {"n": 2, "of": [{"contains": "a"}]}}"#, code: "impossible-count"),
        Mistake(spec: #"{"length": {"min": 5, "max": 4}}"#, code: "impossible-count"),
        Mistake(spec: #"{"any": []}"#, code: "too-few"),
        Mistake(spec: #"{"not": {"contains": 1}}"#, code: "wrong-type"),
        // References are unknown until the case runs, and what is wrong beside them is reported at once.
        Mistake(
            spec: #"{"calledTool": {"name": "a", "arguments": {"id": "${capture.x}"}, "time": 1}}"#,
            code: "unknown-field"),
        Mistake(spec: #"{"contians": "${capture.x}"}"#, code: "unknown-field"),
    ]

    @Test(
        "`raw` compares text exactly as it came",
        arguments: [
            (#"{"equals": "caf\u00e9", "raw": true}"#, "cafe\u{301}", false),
            (#"{"equals": "cafe\u0301", "raw": true}"#, "cafe\u{301}", true),
            (#"{"equals": "a\r\n", "raw": true}"#, "a\r\n", true), (#"{"equals": "a", "raw": true}"#, "a\r\n", false),
            (#"{"contains": "a\nb", "raw": true}"#, "a\r\nb", false),
            (#"{"contains": "a\n", "raw": true}"#, "ab", false),
            (#"{"containsAll": ["\u00e9"], "raw": true}"#, "e\u{301}", false),
            (#"{"containsAny": ["\u00e9", "e\u0301"], "raw": true}"#, "e\u{301}", true),
            (#"{"icontains": "CAF\u00c9", "raw": true}"#, "cafe\u{301}", false),
            (#"{"icontains": "CAFE\u0301", "raw": true}"#, "cafe\u{301}", true),
            (#"{"startsWith": "a", "raw": true}"#, " a", false),
            (#"{"length": {"max": 4}, "raw": true}"#, "cafe\u{301}", false),
            (#"{"matches": "a\\r\\nb", "raw": true}"#, "a\r\nb", true),
            (#"{"matches": "\u00e9", "raw": true}"#, "e\u{301}", false),
            (#"{"equals": "caf\u00e9", "raw": false}"#, "cafe\u{301}", true),
            (#"{"not": {"contains": "\u00e9", "raw": true}}"#, "e\u{301}", true),
        ])
    func raw(spec: String, said: String, passes: Bool) throws {
        let result = try expectation(spec).evaluate(Observation(.said(said)))
        #expect((result == .passed) == passes, "\(spec)")
    }

    @Test("What refers to a captured value waits for it, and then keeps its type or becomes text, as the field wants")
    func waiting() throws {
        let ticket = Value.integer(4411)
        let lookUp: (Reference) -> Value? = { $0.path == ["capture", "ticket"] ? ticket : nil }
        let text = try expectation(#"{"contains": "${capture.ticket}"}"#)
        let typed = try expectation(#"{"calledTool": {"name": "a", "arguments": {"id": "${capture.ticket}"}}}"#)
        let mixed = try expectation(#"{"equals": "ticket ${capture.ticket}!"}"#)
        #expect(text.references.map(\.reference.text) == ["capture.ticket"])
        #expect(throws: Unobservable.self) { try text.evaluate(Observation(.said("4411"))) }
        #expect(try text.resolved(lookUp).evaluate(Observation(.said("It is 4411."))) == .passed)
        let call = Answer.ToolCall(name: "a", tool: "a", arguments: ["id": 4411])
        #expect(try typed.resolved(lookUp).evaluate(Observation(.said("", calls: [call]))) == .passed)
        #expect(try mixed.resolved(lookUp).evaluate(Observation(.said("ticket 4411!"))) == .passed)
    }

    @Test("A captured value that does not fit is an error of the resolved expectation")
    func misfit() throws {
        let steps = try expectation(#"{"steps": "${capture.n}"}"#)
        #expect(throws: Diagnostics.self) { try steps.resolved { _ in "many" } }
        #expect(throws: Never.self) { try steps.resolved { _ in "3" } }
    }
}
