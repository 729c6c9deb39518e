package import Language

/// `any: [{contains: 30 days}, {contains: one month}]`: at least one expectation in the list holds.
package struct AnyOf: Assertion {
    package static let key = Key(
        "any", Reading.list(.object(Expectation.self), minimum: 1).map { parts, _, _ in AnyOf(parts) },
        example: "[{contains: 30 days}, {contains: one month}]", "Expectations of which one must hold.")

    package let parts: [Expectation]

    init(_ parts: [Expectation]) {
        self.parts = parts
    }

    package var claim: String { parts.map(\.claim).joined(separator: " or ") }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        try Quorum(parts, of: 1).evaluate(observation)
    }
}
