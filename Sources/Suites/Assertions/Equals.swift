package import Language
import Runtime

/// `equals: "42"`: the answer's text is exactly this; leading and trailing white space is ignored.
package struct Equals: Assertion {
    package static let key = Key(
        "equals", Reading.text.map { text, _, _ in Equals(text) }, example: "\"42\"",
        "The whole text of the answer, white space at both ends left out.")

    let text: String

    init(_ text: String) {
        self.text = text
    }

    package var claim: String { "equals `\(text.trimmed)`" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let (expected, actual) = (observation.expectedWhole(text), observation.trimmedText)
        return .passing(
            actual == expected,
            else: Mismatch(
                "The answer is not the text that was expected.", expected: expected.text, actual: actual.text))
    }
}
