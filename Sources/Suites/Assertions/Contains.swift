package import Language
import Runtime

/// `contains: 30 days`: the answer's text contains this; case-sensitive.
package struct Contains: Assertion {
    package static let key = Key(
        "contains", Reading.someText.map { text, _, _ in Contains(text) }, example: "30 days",
        "Text that the answer has in it, upper and lower case told apart.")

    let text: String

    init(_ text: String) {
        self.text = text
    }

    package var claim: String { "contains `\(text)`" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let (expected, actual) = (observation.expected(text), observation.text)
        return .passing(
            actual.contains(expected),
            else: Mismatch("The answer does not contain `\(text)`.", expected: text, actual: actual.text))
    }
}
