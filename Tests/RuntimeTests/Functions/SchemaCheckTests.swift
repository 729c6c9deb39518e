import Language
import Runtime
import Testing

@Suite struct SchemaCheckTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var schema: String
        var value: String
        var problem: String?
        var testDescription: String { "\(schema) \(value)" }

        init(_ schema: String, _ value: String, _ problem: String? = nil) {
            (self.schema, self.value, self.problem) = (schema, value, problem)
        }
    }

    private static let city = #"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#

    static let cases = [
        Case(city, #"{"city":"Rome"}"#), Case(city, #"{"city":"Rome","more":1}"#),
        Case(city, "{}", "`city` is missing."), Case(city, #"{"city":1}"#, "`city` must be `string`."),
        Case(city, "[]", "The value must be `object`."),
        Case(#"{"additionalProperties":false,"properties":{"a":{}}}"#, #"{"b":1}"#, "`b` is not allowed."),
        Case(#"{"type":["integer","null"]}"#, "null"), Case(#"{"type":"integer"}"#, "2.0"),
        Case(#"{"type":"integer"}"#, "2.5", "The value must be `integer`."),
        Case(#"{"type":"integer"}"#, "true", "The value must be `integer`."),
        Case(#"{"enum":["a",1]}"#, "1.0"), Case(#"{"enum":["a",1]}"#, #""b""#, "The value must be one of `a`, `1`."),
        Case(#"{"const":"a"}"#, #""b""#, "The value must be one of `a`."),
        Case(
            #"{"properties":{"legs":{"items":{"required":["from"]}}}}"#, #"{"legs":[{"from":1},{}]}"#,
            "`legs[1].from` is missing."),
        Case(#"{"minimum":1,"maximum":3}"#, "4", "The value must be at most 3."),
        Case(#"{"exclusiveMinimum":1}"#, "1", "The value must be more than 1."),
        Case(#"{"minLength":2}"#, #""a""#, "The value must have at least this many characters: 2."),
        Case(#"{"maxItems":1}"#, "[1,2]", "The value must have at most this many items: 1."),
        Case(#"{"type":"integer"}"#, "18446744073709551615"), Case(#"{"type":"integer"}"#, "1.0"),
        Case(#"{"type":"integer"}"#, "1e25"), Case(#"{"type":"integer"}"#, "1.5", "The value must be `integer`."),
        Case(#"{"const":18446744073709551615}"#, "18446744073709551615"),
        Case(
            #"{"const":18446744073709551615}"#, "18446744073709551614",
            "The value must be one of `18446744073709551615`."),
        Case(#"{"maximum":18446744073709551615}"#, "18446744073709551615"),
        Case(
            #"{"maximum":18446744073709551614}"#, "18446744073709551615",
            "The value must be at most 18446744073709551614."),
        Case(#"{"exclusiveMinimum":9007199254740992}"#, "9007199254740993"),
        Case(#"{"pattern":"^[a-z]+$"}"#, #""A""#, "The value must match `^[a-z]+$`."),
        Case(#"{"pattern":"("}"#, #""A""#),
        Case(#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "1", "The value fits none of the allowed forms."),
        Case(
            #"{"oneOf":[{"type":"number"},{"minimum":0}]}"#, "1", "The value must fit exactly one of the allowed forms."
        ),
        Case(#"{"not":{"type":"string"}}"#, #""a""#, "The value has a form that is not allowed."),
        Case(#"{"allOf":[{"minimum":2},{"maximum":3}]}"#, "1", "The value must be at least 2."),
        Case(##"{"$ref":"#/x","format":"date"}"##, "1"),
    ]

    @Test("Arguments are checked against the declared schema", arguments: cases)
    func check(_ one: Case) throws {
        let check = SchemaCheck(try Value(json: one.schema.utf8))
        #expect(check.problems(in: try Value(json: one.value.utf8)) == [one.problem].compactMap { $0 })
    }
}
