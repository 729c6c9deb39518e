package import Language
import Runtime

/// `json: true`: the answer's text as a whole is valid JSON.
package struct IsJSON: Assertion {
    package static let key = Key(
        "json", Reading.affirmation("json") { IsJSON() }, example: "true", "The whole answer is valid JSON.")

    package var claim: String { "is valid JSON" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        .passing(observation.answer.text.isJSON, else: .notJSON(observation.answer.text))
    }
}

extension Mismatch {
    /// The answer is not valid JSON, with a hint at the most common reason.
    static func notJSON(_ text: String) -> Mismatch {
        if let keys = text.lookAlikeKeysInAnswer {
            return Mismatch(
                "The answer's JSON cannot be read whole: \(keys.reason).", expected: "keys that differ", actual: text)
        }
        let isFenced = text.trimmed.hasPrefix("```")
        let reason =
            isFenced
            ? "The answer is in a Markdown code fence, not JSON as a whole."
            : "The answer is not JSON."
                + (text.looksLikeJSON ? Value.problem(inJSON: text.utf8).map { " " + $0 } ?? "" : "")
        return Mismatch(reason, expected: "valid JSON", actual: text)
    }
}
