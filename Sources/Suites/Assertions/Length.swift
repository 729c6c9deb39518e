package import Language
import Runtime

/// `length: {max: 400}`: how many characters the answer's text has, each Unicode scalar counted as one.
package struct Length: Assertion {
    package static let key = Key(
        "length", Reading.object(Bounds.self).map { bounds, _, _ in Length(bounds) }, example: "{max: 400}",
        "How many characters the answer may have, each Unicode scalar counted as one.")

    let bounds: Bounds

    init(_ bounds: Bounds) {
        self.bounds = bounds
    }

    package var claim: String { "has \(bounds.text) characters" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let count = observation.text.length
        return .passing(
            bounds.contains(count),
            else: Mismatch(
                "The answer has \(count) characters.", expected: "\(bounds.text) characters",
                actual: "\(count) characters"))
    }
}
