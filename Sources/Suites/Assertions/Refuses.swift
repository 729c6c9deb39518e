package import Language
import Runtime

/// `refuses: true`: the answer is a refusal that the server marks as one: the model's, a shield's, or a content filter's.
/// With `false` it must be none. What an answer only says in its words is no refusal here.
package struct Refuses: Assertion {
    package static let key = Key(
        "refuses", Reading.boolean.map { wanted, _, _ in Refuses(wanted) }, example: "true",
        "Whether the answer is a refusal of the model, a shield or a content filter, as the server marks it.")

    let wanted: Bool

    init(_ wanted: Bool) {
        self.wanted = wanted
    }

    package var claim: String { wanted ? "is a refusal" : "is no refusal" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let answer = observation.answer
        guard let refuses = answer.refuses else {
            throw Unobservable("This server does not tell which answers are refusals.")
        }
        return .passing(
            refuses == wanted,
            else: Mismatch(
                wanted ? "The answer is not marked as a refusal." : "The answer is a refusal.",
                expected: wanted ? "a refusal" : "no refusal", actual: answer.text))
    }
}
