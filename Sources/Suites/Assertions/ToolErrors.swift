package import Language
import Runtime

/// `toolErrors: 0`: the exact number of failed tool calls.
package struct ToolErrors: Assertion {
    package static let key = Key(
        "toolErrors", Reading.integer(minimum: 0).map { count, _, _ in ToolErrors(count) }, example: "0",
        "How many tool calls went wrong.")

    let count: Int

    init(_ count: Int) {
        self.count = count
    }

    package var claim: String { "has \(count) failed tool calls" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        guard observation.answer.tellsToolErrors else {
            throw Unobservable("This server does not tell which tool calls went wrong.")
        }
        let errors = observation.answer.toolCalls.compactMap { call in call.error.map { "\(call.name): \($0)" } }
        return .passing(
            errors.count == count,
            else: Mismatch(
                "\(errors.count) tool call\(errors.count == 1 ? "" : "s") went wrong.",
                expected: "\(count) failed tool calls", actual: errors.isEmpty ? "none" : errors.joined(separator: ", ")
            ))
    }
}
