package import Language
import Runtime

/// `containsAny: [30 days, one month]`: the answer's text contains at least one of these.
package struct ContainsAny: Assertion {
    package static let key = Key(
        "containsAny", Reading.list(.someText, minimum: 1).map { texts, _, _ in ContainsAny(texts) },
        example: "[30 days, one month]", "Texts of which the answer has at least one in it.")

    let texts: [String]

    init(_ texts: [String]) {
        self.texts = texts
    }

    package var claim: String { "contains one of \(texts.listed)" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let actual = observation.text
        return .passing(
            texts.contains { actual.contains(observation.expected($0)) },
            else: Mismatch(
                "The answer contains none of \(texts.listed).", expected: "one of \(texts.listed)",
                actual: actual.text))
    }
}
