package import Language
import Runtime

/// `containsAll: [30 days, receipt]`: the answer's text contains all of these.
package struct ContainsAll: Assertion {
    package static let key = Key(
        "containsAll", Reading.list(.someText, minimum: 1).map { texts, _, _ in ContainsAll(texts) },
        example: "[30 days, receipt]", "Texts that the answer all has in it, in any order.")

    let texts: [String]

    init(_ texts: [String]) {
        self.texts = texts
    }

    package var claim: String { "contains \(texts.listed)" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let actual = observation.text
        let missing = texts.filter { !actual.contains(observation.expected($0)) }
        return .passing(
            missing.isEmpty,
            else: Mismatch(
                "The answer does not contain \(missing.listed).", expected: "all of \(texts.listed)",
                actual: actual.text))
    }
}
