package import Language
import Runtime

/// `not: {contains: sorry}`: the inner expectation must not hold. What cannot be observed stays unknown.
package struct Not: Assertion {
    package static let key = Key(
        "not", Reading.object(Expectation.self).map { inner, _, _ in Not(inner) }, example: "{contains: sorry}",
        "An expectation that must not hold.")

    let inner: Expectation

    init(_ inner: Expectation) {
        self.inner = inner
    }

    package var parts: [Expectation] { [inner] }

    package var claim: String { "is not one that \(inner.claim)" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        switch try inner.evaluate(observation) {
        case .failed: .passed
        case .passed:
            .failed(
                Mismatch(
                    "What `not` forbids is so: the answer \(inner.claim).", expected: "not: \(inner.claim)",
                    actual: observation.answer.text))
        }
    }
}
