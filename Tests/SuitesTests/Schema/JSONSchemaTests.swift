import Language
import Runtime
import Testing

@testable import Suites

@Suite("jsonSchema and argumentsSchema")
struct JSONSchemaTests {
    @Test(
        "A mistake in a schema is told at its place",
        arguments: [
            (#"{"jsonSchema": {"type": "strng"}}"#, "bad-schema"),
            (#"{"jsonSchema": {"type": ["string", 1]}}"#, "bad-schema"),
            (#"{"jsonSchema": "string"}"#, "bad-schema"), (#"{"jsonSchema": {"properties": ["a"]}}"#, "bad-schema"),
            (#"{"jsonSchema": {"properties": {"a": 1}}}"#, "bad-schema"),
            (#"{"jsonSchema": {"minLength": -1}}"#, "bad-schema"),
            (#"{"jsonSchema": {"pattern": "(a"}}"#, "bad-schema"),
            (#"{"jsonSchema": {"required": "a"}}"#, "bad-schema"),
            (#"{"jsonSchema": {"items": [{"type": "string"}]}}"#, "bad-schema"),
            (#"{"jsonSchema": {"anyOf": []}}"#, "bad-schema"),
            (##"{"jsonSchema": {"$ref": "#/$defs/a"}}"##, "bad-schema"),
            (#"{"jsonSchema": {"$ref": "https://example.org/a.json"}}"#, "bad-schema"),
            (#"{"jsonSchema": {"propertes": {}}}"#, "unknown-keyword"),
            (#"{"jsonSchema": {"dependencies": {"a": ["b"]}}}"#, "bad-schema"),
            (#"{"jsonSchema": {"type": "array", "additionalItems": false}}"#, "bad-schema"),
            (##"{"jsonSchema": {"properties": {"a": {"$recursiveRef": "#"}}}}"##, "bad-schema"),
            (#"{"jsonSchema": {"divisibleBy": 2}}"#, "bad-schema"),
            (#"{"jsonSchema": {"$schema": "http://json-schema.org/draft-07/schema"}}"#, "other-dialect"),
            (#"{"calledTool": {"name": "a", "argumentsSchema": {"type": "objekt"}}}"#, "bad-schema"),
        ])
    func mistakes(spec: String, code: String) throws {
        let (_, problems) = try decode(spec)
        #expect(problems.map(\.code.name) == [code])
        #expect(problems.allSatisfy { $0.subject != nil && $0.fix != nil })
    }

    @Test("What does not fit is told with its place, in an answer or its code fence")
    func places() throws {
        let spec = try expectation(
            #"{"jsonSchema": {"properties": {"legs": {"items": {"required": ["from"]}}, "a b": {"const": 1}}}}"#)
        #expect(try spec.evaluate(Observation(.said(#"{"legs": [{"from": "A"}]}"#))) == .passed)
        #expect(try spec.evaluate(Observation(.said("```json\n{}\n```"))) == .passed)
        guard case .failed(let mismatch) = try spec.evaluate(Observation(.said(#"{"legs": [{}, {}], "a b": 2}"#)))
        else {
            Issue.record("It does not fit.")
            return
        }
        #expect(
            mismatch.reason
                == "The answer does not fit the schema: `$['a b']` must be 1, and is 2. `$.legs[0]` has no `from`. "
                + "`$.legs[1]` has no `from`.")
        guard case .failed = try spec.evaluate(Observation(.said("no JSON"))) else {
            Issue.record("It is no JSON.")
            return
        }
    }

    @Test(
        "A multiple is one by all digits that are written, however large it is",
        arguments: [
            ("6", "3", true), ("7", "3", false), ("0", "3", true), ("-6", "3", true), ("0.0075", "0.0001", true),
            ("0.00751", "0.0001", false), ("19.99", "0.01", true), ("19.999", "0.01", false),
            ("0.30000000000000004", "0.1", true), ("4.5", "1.5", true), ("1e300", "0.5", true),
            ("1e308", "0.123456789", false),
            ("1000000000000001.5", "1", false), ("600000000000.5", "1", false), ("6000000001", "5", false),
            ("123456789012345678901234567890", "10", true), ("123456789012345678901234567891", "10", false),
            ("100000000000000000000", "7", false), ("1e-7", "1e-8", true), ("1e-8", "1e-7", false),
            ("2", "1e300", false),
            ("12.0", "4", true), ("9007199254740993", "2", false),
        ])
    func multiples(number: String, step: String, is isMultiple: Bool) throws {
        let spec = try expectation("{\"jsonSchema\": {\"multipleOf\": \(step)}}")
        let result = try spec.evaluate(Observation(.said(number)))
        #expect((result == .passed) == isMultiple)
    }

    @Test("The arguments of a call are held against a schema")
    func arguments() throws {
        let spec = try expectation(
            #"{"calledTool": {"name": "open", "argumentsSchema": {"properties": {"n": {"maximum": 3}}, "required": ["n"]}}}"#
        )
        let call = { (n: Int) in Answer.ToolCall(name: "open", tool: "open", arguments: ["n": .integer(n)]) }
        #expect(try spec.evaluate(Observation(.said("", calls: [call(5), call(3)]))) == .passed)
        guard case .failed(let mismatch) = try spec.evaluate(Observation(.said("", calls: [call(4)]))) else {
            Issue.record("4 is more than 3.")
            return
        }
        #expect(mismatch.reason == "The agent called `open` with other arguments: `$.n` must be at most 3, and is 4.")
    }

    @Test("A schema that refers to itself without end is given up, and one that ends is not")
    func recursion() throws {
        let endless = try expectation(##"{"jsonSchema": {"$ref": "#"}}"##)
        #expect(throws: Unobservable.self) { try endless.evaluate(Observation(.said("{}"))) }
        let tree = try expectation(
            ##"{"jsonSchema": {"properties": {"child": {"$ref": "#"}}, "additionalProperties": false}}"##)
        #expect(try tree.evaluate(Observation(.said(#"{"child": {"child": {}}}"#))) == .passed)
        #expect(try tree.evaluate(Observation(.said(#"{"child": {"chil": {}}}"#))) != .passed)
    }
}
