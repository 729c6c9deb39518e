package import Language
import Runtime

/// `status: completed`: how the turn ended. A completed turn also has a message, whatever the server says.
package struct HasStatus: Assertion {
    package static let key = Key(
        "status",
        Reading.choice(["completed", "incomplete", "failed"]).map { text, _, _ in
            Answer.Status(rawValue: text).map { HasStatus($0) }
        },
        example: "completed", "How the turn ended; a completed turn has a message, or calls left to the caller.")

    let status: Answer.Status

    init(_ status: Answer.Status) {
        self.status = status
    }

    package var claim: String { "is \(status.rawValue)" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let answer = observation.answer
        guard answer.status == status else {
            let reason = "The turn is \(answer.status.rawValue)" + (answer.error.map { ": \($0)" } ?? "")
            return .failed(
                Mismatch(
                    reason.hasSuffix(".") ? reason : reason + ".", expected: status.rawValue,
                    actual: answer.status.rawValue))
        }
        return .passing(status != .completed || answer.endsWell, else: .noMessage)
    }
}

extension Answer {
    /// Whether the turn ended with a message, or with calls that the caller has to carry out.
    var endsWell: Bool { hasMessage || !pendingCalls.isEmpty }
}

extension Mismatch {
    /// A server may report a turn without text as completed, for example at the step limit.
    static var noMessage: Mismatch {
        Mismatch("The turn ended without a message.", expected: "an answer with a message", actual: "no message")
    }
}
