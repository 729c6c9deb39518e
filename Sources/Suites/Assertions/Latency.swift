package import Language
import Runtime

/// `latency: 15s`: the maximum time of the turn's whole answer.
package struct Latency: Assertion {
    package static let key = Key(
        "latency", Reading.duration.map { limit, _, _ in Latency(limit) }, example: "15s",
        "The longest that the whole answer may take.")

    let limit: Duration

    init(_ limit: Duration) {
        self.limit = limit
    }

    package var claim: String { "takes at most \(limit.exact)" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let latency = observation.answer.latency
        return .passing(
            latency <= limit,
            else: Mismatch(
                "The answer took \(latency.exact).", expected: "at most \(limit.exact)",
                actual: latency.exact))
    }
}
