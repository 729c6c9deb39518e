import Language
import Runtime

/// The turns of one case with an agent, one after another; each answer is evaluated before the next question.
struct Dialogue: Sendable {
    let testCase: TestCase
    let transcript: Transcript
    let recorder: TraceRecorder?

    /// Takes all turns, or stops when an answer lacks a value that a later turn needs.
    /// - Throws: `Diagnostic` when a turn gave no answer to evaluate.
    func hold(in conversation: any AgentConversation) async throws {
        var captured: [String: Value] = [:]
        for turn in testCase.turns {
            let input = try turn.text(captured)
            let answer = try await ask(input, in: conversation)
            guard !turn.expectsSuccess || answer.status != .failed else {
                transcript.append(
                    TurnResult(
                        input: input, answer: answer, outcomes: [turn.failureOutcome(of: answer)], captured: captured))
                throw Diagnostic.turnFailed(answer, at: turn.inputRange)
            }
            let captures = turn.captures.map { ($0, $0.value(in: answer.text)) }
            let outcomes = turn.outcomes(for: answer, captured) + captures.map { $0.outcome(value: $1, in: answer) }
            for (capture, value) in captures { captured[capture.name] = value }
            transcript.append(TurnResult(input: input, answer: answer, outcomes: outcomes, captured: captured))
            if captures.contains(where: { $0.1 == nil }) { break }
        }
        transcript.end()
    }

    private func ask(_ input: String, in conversation: any AgentConversation) async throws -> Answer {
        let request = AgentRequest(input)
        guard let recorder else { return try await conversation.ask(request, timeout: testCase.timeout) { _ in } }
        return try await recorder.turn(input) { take in
            try await conversation.ask(request, timeout: testCase.timeout) { take($0) }
        }
    }
}

extension Turn {
    /// Whether no expectation says how the turn must end: then it must succeed.
    fileprivate var expectsSuccess: Bool {
        !expectations.contains { $0.judgesStatus }
    }

    fileprivate func text(_ captured: [String: Value]) throws(Diagnostic) -> String {
        guard let text = input.resolved({ $0.captured(in: captured) }) else {
            throw .unknownCapture(input.text, among: captured.keys, at: inputRange)
        }
        return text.interpolated
    }

    fileprivate func outcomes(for answer: Answer, _ captured: [String: Value]) -> [AssertionOutcome] {
        let outcomes = expectations.map { $0.outcome(for: Observation(answer), captured) }
        return expectsSuccess && !answer.endsWell ? [hasMessage(.failed(.noMessage))] + outcomes : outcomes
    }

    /// The outcome of a turn that the server could not answer: an error; no other expectation is evaluated.
    fileprivate func failureOutcome(of answer: Answer) -> AssertionOutcome {
        hasMessage(.error("The server reports that the turn failed\(answer.error.map { ": \($0)" } ?? ".")"))
    }

    /// The implicit expectation of every turn.
    private func hasMessage(_ result: AssertionOutcome.Result) -> AssertionOutcome {
        AssertionOutcome(name: "answer", claim: "has a message", range: inputRange, result: result)
    }
}

extension Expectation {
    fileprivate func outcome(for observation: Observation, _ captured: [String: Value]) -> AssertionOutcome {
        AssertionOutcome(name: name, claim: claim, range: range, result: result(for: observation, captured))
    }

    private func result(for observation: Observation, _ captured: [String: Value]) -> AssertionOutcome.Result {
        let known: Expectation
        do throws(Diagnostics) {
            known = try resolved { $0.captured(in: captured) }
        } catch {
            return .error(error.all.map(\.detail).joined(separator: " "))
        }
        do throws(Unobservable) {
            return switch try known.evaluate(observation) {
            case .passed: .passed
            case .failed(let mismatch): .failed(mismatch)
            }
        } catch {
            return .error(error.reason)
        }
    }
}

extension Capture {
    fileprivate func outcome(value: Value?, in answer: Answer) -> AssertionOutcome {
        let mismatch = Mismatch(
            "The answer has nothing to capture as `\(name)`.", expected: wanted, actual: answer.text)
        return AssertionOutcome(
            name: "capture", claim: "has \(wanted)", range: range, result: value == nil ? .failed(mismatch) : .passed)
    }
}

extension Reference {
    /// The value of `capture.NAME`; nil for everything else.
    fileprivate func captured(in values: [String: Value]) -> Value? {
        path.count == 2 && path[0] == "capture" ? values[path[1]] : nil
    }
}

extension Diagnostic {
    static func turnFailed(_ answer: Answer, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "turn-failed", "The server could not answer",
            detail: "The server reports that the turn failed\(answer.error.map { ": \($0)" } ?? ", and not why.")",
            fix: "Look at the server's log; if the turn is meant to fail, expect `status: failed`.", at: range,
            cause: .inconclusive)
    }

    static func unknownCapture(
        _ text: String, among names: some Sequence<String>, at range: SourceRange
    ) -> Diagnostic {
        let nearest = Suggestion.nearest(to: text, among: names.map { "${capture.\($0)}" }.sorted())
        return Diagnostic(
            "unknown-capture", "Unknown captured value",
            detail: "`\(text)` refers to something that no earlier turn of this case captures.",
            fix: nearest.map { "Did you mean `\($0)`?" } ?? "Add a `capture` to an earlier turn.", at: range)
    }
}
