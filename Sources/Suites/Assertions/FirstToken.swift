package import Language
import Runtime

/// `firstToken: 2s`: the maximum time to the first chunk of the answer's text.
package struct FirstToken: Assertion {
    package static let key = Key(
        "firstToken", Reading.duration.map { limit, _, _ in FirstToken(limit) }, example: "2s",
        "The longest that the first piece of text may take.")

    let limit: Duration

    init(_ limit: Duration) {
        self.limit = limit
    }

    package var claim: String { "begins within \(limit.exact)" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        guard let time = observation.answer.timeToFirstToken else {
            throw Unobservable("When the first piece of text came is not known: the answer was not streamed.")
        }
        return .passing(
            time <= limit,
            else: Mismatch(
                "The first piece of text took \(time.exact).",
                expected: "at most \(limit.exact)", actual: time.exact))
    }
}
