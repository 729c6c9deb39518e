package import Language
import Runtime

/// `jsonSchema: {type: object, required: [order]}`: the answer is JSON that a schema (2020-12) describes. It may stand in a
/// Markdown code fence, if the answer is nothing else.
package struct FitsSchema: Assertion {
    package static let key = Key(
        "jsonSchema", Reading.jsonSchema.map { schema, _, _ in FitsSchema(schema) },
        example: "{type: object, required: [order], properties: {order: {type: integer}}}",
        "A JSON schema (2020-12) that the answer must fit; formats are not checked, and nothing is fetched.")

    let schema: JSONSchema

    init(_ schema: JSONSchema) {
        self.schema = schema
    }

    package var claim: String { "fits the schema \(schema.root.canonicalJSON.excerpt(80))" }

    package var mayTakeLong: Bool { true }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let text = observation.answer.text
        guard let value = text.jsonInAnswer else { return .failed(.notJSON(text)) }
        let problems = try schema.problems(in: value)
        return .passing(
            problems.isEmpty,
            else: Mismatch(
                "The answer does not fit the schema: \(problems.summary)", expected: schema.root.canonicalJSON,
                actual: value.canonicalJSON))
    }
}

extension [String] {
    /// The first sentences, and how many more there are.
    var summary: String {
        let shown = prefix(5).joined(separator: " ")
        return count > 5 ? "\(shown) (and \(count - 5) more)" : shown
    }
}
