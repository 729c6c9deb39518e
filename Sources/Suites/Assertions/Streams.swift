package import Language
import Runtime

/// `streams: true`: the streamed chunks of text, joined, are the final text.
package struct Streams: Assertion {
    package static let key = Key(
        "streams", Reading.affirmation("streams") { Streams() }, example: "true",
        "The streamed pieces of text are together the final text.")

    package var claim: String { "streams its whole text" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let answer = observation.answer
        guard let streamed = answer.streamedText else {
            throw Unobservable("What was streamed is not known: the answer was not streamed.")
        }
        return .passing(
            streamed.isExactly(answer.text) && !streamed.isEmpty,
            else: Mismatch(
                streamed.isEmpty ? "No text was streamed." : "The streamed text is not the final text.",
                expected: answer.text, actual: streamed))
    }
}
