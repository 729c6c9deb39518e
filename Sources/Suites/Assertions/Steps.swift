package import Language
import Runtime

/// `steps: 3`: the maximum number of model calls of the turn.
package struct Steps: Assertion {
    package static let key = Key(
        "steps", Reading.integer(minimum: 1).map { limit, _, _ in Steps(limit) }, example: "3",
        "The most model calls that the turn may take.")

    let limit: Int

    init(_ limit: Int) {
        self.limit = limit
    }

    package var claim: String { "takes at most \(limit) steps" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        guard let steps = observation.answer.steps else {
            throw Unobservable("This server does not tell how many steps an answer took.")
        }
        return .passing(
            steps <= limit,
            else: Mismatch("The answer took \(steps) steps.", expected: "at most \(limit)", actual: "\(steps)"))
    }
}
