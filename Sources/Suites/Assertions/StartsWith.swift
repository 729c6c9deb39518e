package import Language
import Runtime

/// `startsWith: Dear customer`: the answer's text starts with this; leading white space is ignored.
package struct StartsWith: Assertion {
    package static let key = Key(
        "startsWith", Reading.someText.map { text, _, _ in StartsWith(text) }, example: "Dear customer",
        "Text that the answer begins with, white space before it left out.")

    let text: String

    init(_ text: String) {
        self.text = text
    }

    package var claim: String { "starts with `\(text)`" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let (expected, actual) = (observation.expected(text), observation.trimmedText)
        return .passing(
            actual.hasPrefix(expected),
            else: Mismatch("The answer does not start with `\(text)`.", expected: text, actual: actual.text))
    }
}
