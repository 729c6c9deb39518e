import Language
import Runtime
import Wire

/// Takes samples of cases with one agent.
struct CaseRunner: Sendable {
    let runtime: any AgentRuntime
    let clock: any Clock<Duration>
    /// Those of all conversations of the run.
    let slots: Slots
    let heartbeat: Heartbeat?
    let agent: AgentDefinition
    let recorder: (@Sendable (AgentDefinition) -> TraceRecorder)?
    let advisers: Advisers
    let judges: [String: Judge]
    let effects: ToolEffects
    /// Called when a tool that changes something is first called in a conversation.
    let onChange: @Sendable (_ tool: String) -> Void

    /// Holds one conversation; one that ended in an error is retried as often as the case allows.
    ///
    /// When the server does not provide a value, there is no retry: it would not provide it the next time either. Nor is there
    /// one after a call of a tool that changes something.
    /// - Returns: The sample and the trace of its conversation.
    func sample(of testCase: TestCase) async throws(CancellationError) -> (Sample, Trace?) {
        var attempts = 1
        var retried = SpentTokens()
        while true {
            let recorder = recorder?(agent)
            let (transcript, problem) = try await attempt(testCase, recorder)
            let turns = try await evaluated(transcript.turns, of: testCase)
            var sample = Sample(turns, hasEnded: transcript.hasEnded, problem, attempts: attempts)
            sample.retried = retried
            sample.isRefused = problem?.isRefusal == true && !transcript.isAnswering
            guard sample.verdict == .error, problem != nil, attempts <= testCase.retryErrors else {
                return (sample, recorder?.trace(failure: problem?.detail))
            }
            if let tool = transcript.change {
                let problem = problem?.notRepeated(after: tool)
                var kept = Sample(turns, hasEnded: transcript.hasEnded, problem, attempts: attempts)
                (kept.retried, kept.isRefused) = (retried, sample.isRefused)
                return (kept, recorder?.trace(failure: problem?.detail))
            }
            attempts += 1
            retried = sample.spent
        }
    }

    private func attempt(
        _ testCase: TestCase, _ recorder: TraceRecorder?
    ) async throws(CancellationError) -> (Transcript, Diagnostic?) {
        let transcript = Transcript()
        let dialogue = Dialogue(
            testCase: testCase, transcript: transcript, recorder: recorder, effects: effects, clock: clock,
            onChange: onChange)
        do {
            let end: Void? = try await slots.run {
                try await withDeadline(testCase.timeout, clock: clock, heartbeat: heartbeat) {
                    try await hold(dialogue)
                }
            }
            return (transcript, end == nil ? .caseTimeout(testCase) : nil)
        } catch {
            if Task.isCancelled { throw CancellationError() }
            return (transcript, .from(error, at: testCase.id.description, in: testCase.range.firstLine))
        }
    }
}

extension CaseRunner {
    /// The turns with their outcomes, after all that must be asked about them was asked. The time of that is not the
    /// conversation's.
    private func evaluated(
        _ turns: [AnsweredTurn], of testCase: TestCase
    ) async throws(CancellationError) -> [TurnResult] {
        let bounds = InquiryBounds(
            timeout: testCase.timeout, retries: testCase.retryErrors, clock: clock, slots: slots)
        var earlier: [JudgedTurn.Exchange] = []
        var results: [TurnResult] = []
        for turn in turns {
            let inquiries = turn.inquiries
            let judged = JudgedTurn(earlier: earlier, question: turn.input, answer: turn.answer)
            let feedback = try await advisers.feedback(inquiries, about: judged, judges: judges, within: bounds)
            // What may take long holds up no other conversation.
            results.append(turn.mayTakeLong ? await offLoop { turn.result(feedback) } : turn.result(feedback))
            earlier.append(JudgedTurn.Exchange(question: turn.input, answer: turn.answer.text))
        }
        return results
    }

    /// A question that no other follows leaves nothing on the server that had to be removed.
    private func hold(_ dialogue: Dialogue) async throws {
        guard dialogue.testCase.turns.count > 1 else {
            return try await dialogue.hold(in: SingleQuestion(runtime: runtime, agent: agent))
        }
        try await runtime.withConversation(with: agent) { try await dialogue.hold(in: $0) }
    }
}

/// A conversation of one turn.
private struct SingleQuestion: AgentConversation {
    let runtime: any AgentRuntime
    let agent: AgentDefinition

    func ask(
        _ request: AgentRequest, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        try await runtime.ask(agent, request, timeout: timeout, onEvent: onEvent)
    }
}

extension Sample {
    /// A wrong answer is a failure, whatever came after it; an unfinished conversation without one is an error.
    fileprivate init(_ turns: [TurnResult], hasEnded: Bool, _ problem: Diagnostic?, attempts: Int) {
        let results = turns.flatMap(\.outcomes).map(\.result)
        let verdict: SampleVerdict =
            if results.contains(where: \.isFailure) {
                .failed
            } else if !hasEnded || results.contains(where: \.isError) {
                .error
            } else {
                .passed
            }
        self.init(verdict: verdict, turns: turns, problem: problem, attempts: attempts)
    }
}

extension AssertionOutcome.Result {
    fileprivate var isFailure: Bool {
        switch self {
        case .failed: true
        case .passed, .error: false
        }
    }

    fileprivate var isError: Bool {
        switch self {
        case .error: true
        case .passed, .failed: false
        }
    }
}

extension Diagnostic {
    fileprivate static func caseTimeout(_ testCase: TestCase) -> Diagnostic {
        Diagnostic(
            "case-timeout", "The case took too long",
            detail: "The conversation of `\(testCase.id)` was not over after \(testCase.timeout.exact).",
            fix: "Raise the `timeout` of the case, or find out what the server waits for.",
            at: testCase.range.firstLine, address: testCase.id.description, cause: .inconclusive)
    }

    /// The same, which says why the conversation is not held again.
    fileprivate func notRepeated(after tool: String) -> Diagnostic {
        var problem = self
        if !detail.hasSuffix(".") { problem.detail += "." }
        problem.detail += " It was not tried again, because `\(tool)` was called, which may have changed something."
        problem.notes.append(Note("With `effect: reads`, a tool is known to change nothing."))
        return problem
    }
}
