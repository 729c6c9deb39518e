package import Language

/// `all: [{contains: a}, {noTool: true}]`: every expectation in the list holds.
package struct AllOf: Assertion {
    package static let key = Key(
        "all", Reading.list(.object(Expectation.self), minimum: 1).map { parts, _, _ in AllOf(parts) },
        example: "[{contains: 30 days}, {noTool: true}]", "Expectations that all must hold.")

    package let parts: [Expectation]

    init(_ parts: [Expectation]) {
        self.parts = parts
    }

    package var claim: String { parts.map(\.claim).joined(separator: " and ") }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        try Quorum(parts, of: parts.count).evaluate(observation)
    }
}
