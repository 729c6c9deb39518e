package import Language
import Runtime

/// `noTool: true`: the turn called no tool.
package struct CallsNoTool: Assertion {
    package static let key = Key(
        "noTool", Reading.affirmation("noTool") { CallsNoTool() }, example: "true", "The agent called no tool.")

    package var claim: String { "has no tool call" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let calls = observation.calls
        return .passing(
            calls.isEmpty,
            else: Mismatch("The agent called a tool.", expected: "no tool calls", actual: calls.summary))
    }
}
