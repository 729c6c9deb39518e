package import Language
import Runtime

/// `length: {max: 400}`: the number of characters of the answer's text.
package struct Length: Assertion {
    package static let key = Key(
        "length", Reading.object(Bounds.self).map { bounds, _, _ in Length(bounds) }, example: "{max: 400}",
        "How many characters the answer may have.")

    let bounds: Bounds

    init(_ bounds: Bounds) {
        self.bounds = bounds
    }

    package var claim: String { "has \(bounds.text) characters" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let count = observation.answer.text.count
        return .passing(
            bounds.contains(count),
            else: Mismatch(
                "The answer has \(count) characters.", expected: "\(bounds.text) characters",
                actual: "\(count) characters"))
    }
}
