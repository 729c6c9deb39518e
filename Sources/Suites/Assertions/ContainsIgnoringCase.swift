package import Language
import Runtime

/// `icontains: refund`: the answer's text contains this; case-insensitive.
package struct ContainsIgnoringCase: Assertion {
    package static let key = Key(
        "icontains", Reading.someText.map { text, _, _ in ContainsIgnoringCase(text) }, example: "refund",
        "Text that the answer has in it, upper and lower case taken as equal.")

    let text: String

    init(_ text: String) {
        self.text = text
    }

    package var claim: String { "contains `\(text)` in any letter case" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let (expected, actual) = (observation.expected(text), observation.text)
        return .passing(
            actual.withoutCase.contains(expected.withoutCase),
            else: Mismatch(
                "The answer does not contain `\(text)`, in any letter case.", expected: text, actual: actual.text))
    }
}
