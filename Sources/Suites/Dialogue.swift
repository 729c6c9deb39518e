import Language
import Runtime
import Wire

/// The turns of one case with an agent, one after another; each answer is evaluated before the next question.
struct Dialogue: Sendable {
    let testCase: TestCase
    let transcript: Transcript
    let recorder: TraceRecorder?
    let effects: ToolEffects
    let clock: any Clock<Duration>
    /// Called with the first tool that changes something, when its call begins.
    let onChange: @Sendable (String) -> Void

    /// Takes all turns, or stops when an answer lacks a value that a later turn needs.
    /// - Throws: `Diagnostic` when a turn gave no answer to evaluate.
    func hold(in conversation: any AgentConversation) async throws {
        var captured: [String: Value] = [:]
        for turn in testCase.turns {
            let input = try turn.text(captured)
            let answer = try await ask(input, in: conversation)
            guard answer.status != .failed || turn.names(.failed) else {
                transcript.append(
                    AnsweredTurn(
                        input: input, answer: answer, expectations: [], outcomes: [turn.failureOutcome(of: answer)],
                        captured: captured))
                throw Diagnostic.turnFailed(answer, at: turn.inputRange)
            }
            let expectations = turn.expectations.map { [captured] expectation in
                KnownExpectation(expectation) { $0.captured(in: captured) }
            }
            let captures = await found(by: turn.captures, in: answer.text)
            for (capture, value) in captures { captured[capture.name] = value.known }
            transcript.append(
                AnsweredTurn(
                    input: input, answer: answer, expectations: expectations,
                    outcomes: turn.messageOutcomes(of: answer) + captures.map { $0.outcome($1, in: answer) },
                    captured: captured))
            if turn.captures.contains(where: { captured[$0.name] == nil }) { break }
        }
        transcript.end()
    }

    /// What captures find; their patterns may take long.
    private func found(
        by captures: [Capture], in text: String
    ) async -> [(Capture, Result<Value?, Unobservable>)] {
        guard !captures.isEmpty else { return [] }
        return await offLoop { captures.map { ($0, $0.found(in: text)) } }
    }

    /// Puts a question. What the model's server puts off is put again as soon as it wants it, unless a tool has changed
    /// something: only the case's time limits that, and the time counts as latency.
    private func ask(_ input: String, in conversation: any AgentConversation) async throws -> Answer {
        let request = AgentRequest(input)
        let watch = Stopwatch(clock)
        var (before, pauses) = (Duration.zero, PutOffPauses())
        while true {
            var answer = try await answer(to: request, input, in: conversation)
            for call in answer.toolCalls { note(effects.change(in: call)) }
            guard answer.status == .failed, let putOff = answer.putOff, transcript.change == nil else {
                answer.latency += before
                return answer
            }
            try await clock.sleep(for: pauses.next(after: putOff))
            before = watch.elapsed
        }
    }

    private func answer(
        to request: AgentRequest, _ input: String, in conversation: any AgentConversation
    ) async throws -> Answer {
        transcript.note(isAnswering: false)
        guard let recorder else {
            return try await conversation.ask(request, timeout: testCase.timeout) { note($0) }
        }
        return try await recorder.turn(input) { take in
            try await conversation.ask(request, timeout: testCase.timeout) { event in
                note(event)
                take(event)
            }
        }
    }

    private func note(_ event: AgentEvent) {
        transcript.note(isAnswering: true)
        note(effects.change(in: event))
    }

    private func note(_ tool: String?) {
        guard let tool, transcript.note(changeBy: tool) else { return }
        onChange(tool)
    }
}

extension Turn {
    /// Whether an expectation says that the turn may end like this; if none does, it must succeed.
    fileprivate func names(_ status: Answer.Status) -> Bool {
        expectations.contains { $0.statuses.contains(status) }
    }

    fileprivate func text(_ captured: [String: Value]) throws(Diagnostic) -> String {
        guard let text = input.resolved({ $0.captured(in: captured) }) else {
            throw .unknownCapture(input.text, among: captured.keys, at: inputRange)
        }
        return text.interpolated
    }

    /// A failure when the turn must succeed and has no message.
    fileprivate func messageOutcomes(of answer: Answer) -> [AssertionOutcome] {
        !names(answer.status) && !answer.endsWell ? [hasMessage(.failed(.noMessage))] : []
    }

    /// The outcome of a turn that the server could not answer: an error; no other expectation is evaluated.
    fileprivate func failureOutcome(of answer: Answer) -> AssertionOutcome {
        hasMessage(.error("The server reports that the turn failed\(answer.error.map { ": \($0)" } ?? ".")"))
    }

    /// The implicit expectation of every turn.
    private func hasMessage(_ result: AssertionOutcome.Result) -> AssertionOutcome {
        AssertionOutcome(name: AssertionOutcome.message, claim: "has a message", range: inputRange, result: result)
    }
}

extension Capture {
    /// The value in an answer, nil when there is none.
    fileprivate func found(in text: String) -> Result<Value?, Unobservable> {
        do throws(Unobservable) {
            return .success(try value(in: text))
        } catch {
            return .failure(error)
        }
    }

    fileprivate func outcome(_ value: Result<Value?, Unobservable>, in answer: Answer) -> AssertionOutcome {
        let result: AssertionOutcome.Result =
            switch value {
            case .success(.some): .passed
            case .success(nil):
                .failed(
                    Mismatch(
                        "The answer has nothing to capture as `\(name)`.", expected: wanted, actual: answer.text))
            case .failure(let unknown): .error(unknown.reason)
            }
        return AssertionOutcome(name: AssertionOutcome.capture, claim: "has \(wanted)", range: range, result: result)
    }
}

extension Result where Success == Value?, Failure == Unobservable {
    /// The value; nil when there is none, or it could not be looked for.
    fileprivate var known: Value? {
        switch self {
        case .success(let value): value
        case .failure: nil
        }
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
