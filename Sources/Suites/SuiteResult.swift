package import Language
package import Runtime

/// The result of a suite in numbers: its cases in declaration order, its thresholds, and the overall verdict.
package struct SuiteResult: Sendable, Hashable {
    package let suite: String
    package let agent: String
    package let range: SourceRange
    package let cases: [CaseTally]
    package let thresholds: [ThresholdOutcome]
    package let verdict: Verdict
    /// From the first question of the run to the end of the suite.
    package let elapsed: Duration
    /// What all answers, judges and repeated attempts spent, as `totalTokens` counts it; nil when not all of it is known.
    package let tokens: Int?
    /// Why chat completions answered instead of the agent, sorted; empty when they did not.
    package let fallbacks: [String]
    /// What changed since the baseline; nil without one.
    package let comparison: SuiteComparison?
    /// How many answers each judge found good, in deciding cases; corrected where it is known how often it is wrong.
    package let judges: [JudgedRate]

    init(
        suite: String, agent: String, range: SourceRange, thresholds: Thresholds, _ tally: SuiteTally,
        baseline: Baseline?, elapsed: Duration
    ) {
        self.suite = suite
        self.agent = agent
        self.range = range
        self.elapsed = elapsed
        cases = tally.cases
        comparison = baseline.map { SuiteComparison(suite, $0, tally.before, tally.cases) }
        self.thresholds = thresholds.outcomes(for: tally, comparison, elapsed: elapsed)
        let whole = tally.cases.contains(where: \.isMissingSamples) ? Verdict.inconclusive : .passed
        verdict = .worst(of: self.thresholds.map(\.verdict) + [whole])
        tokens = tally.tellsTokens && tally.cases.contains { $0.samples > 0 } ? tally.tokens : nil
        fallbacks = tally.fallbacks.sorted()
        judges = tally.judged.rates(tally.calibrations)
    }
}

/// The result of a case, with its conversations.
package struct CaseResult: Sendable, Hashable {
    package let id: CaseID
    package let name: String
    package let range: SourceRange
    package let labels: [String: String]
    package let repetition: Repetition
    /// Why the case does not count; nil when it does.
    package let quarantine: Quarantine?
    /// In the order in which they were started; fewer than wanted when the run ended early.
    package let samples: [Sample]
    /// Why samples are missing; nil when none are.
    package let notRun: Diagnostic?

    package var verdict: Verdict {
        repetition.verdict(
            passed: samples.count { $0.verdict == .passed }, failed: samples.count { $0.verdict == .failed })
    }

    /// Whether the verdict counts for the suite.
    package var decides: Bool {
        quarantine == nil
    }

    /// The sum over all samples; nil when one of them is unknown.
    package var usage: Answer.Usage? {
        samples.isEmpty ? nil : .sum(samples.map(\.usage))
    }

    /// The longest sample; nil when nothing was answered.
    package var latency: Duration? {
        samples.filter { !$0.turns.isEmpty }.map(\.latency).max()
    }
}

/// One conversation of a case; when there were several attempts, the last one.
package struct Sample: Sendable, Hashable {
    package let verdict: SampleVerdict
    package let turns: [TurnResult]
    /// Why the conversation could not be finished or cleaned up; nil when it could.
    package let problem: Diagnostic?
    /// The number of attempts, 1 or more.
    package let attempts: Int
    /// What the attempts before the last one spent.
    var retried = SpentTokens()
    /// Whether the server refused the question that was not answered before it did anything for it.
    var isRefused = false

    package init(verdict: SampleVerdict, turns: [TurnResult], problem: Diagnostic? = nil, attempts: Int = 1) {
        self.verdict = verdict
        self.turns = turns
        self.problem = problem
        self.attempts = attempts
    }

    /// Whether an answer never came, so that neither its latency nor its tokens are known.
    var lacksAnswer: Bool {
        guard let problem, verdict != .passed else { return false }
        return turns.isEmpty || problem.code != "turn-failed"
    }

    /// What answers, judges and earlier attempts spent.
    var spent: SpentTokens {
        var spent = retried
        for turn in turns {
            spent.take(turn.answer.usage)
            for ballot in turn.ballots { spent.take(ballot.usage) }
        }
        if lacksAnswer, !isRefused { spent.take(nil) }
        return spent
    }

    /// The sum over all turns.
    package var latency: Duration {
        turns.map(\.answer.latency).reduce(.zero, +)
    }

    /// The sum over all turns; nil when the server does not report one of them.
    package var usage: Answer.Usage? {
        turns.isEmpty ? nil : .sum(turns.map(\.answer.usage))
    }

    /// What all judges used; nil when the server does not report one of them. It is not in `usage`.
    package var judgeUsage: Answer.Usage? {
        .sum(turns.flatMap(\.ballots).map(\.usage))
    }
}

/// Tokens as far as they are known.
struct SpentTokens: Sendable, Hashable, Codable {
    private(set) var known = 0
    /// Whether there were no others.
    private(set) var isAll = true

    /// - Parameter usage: Nil when it is not known.
    mutating func take(_ usage: Answer.Usage?) {
        known += usage?.total ?? 0
        isAll = isAll && usage != nil
    }

    mutating func take(_ others: SpentTokens) {
        known += others.known
        isAll = isAll && others.isAll
    }
}

/// One question with its answer and the outcomes of its expectations.
package struct TurnResult: Sendable, Hashable {
    /// The question, with captured values substituted.
    package let input: String
    package let answer: Answer
    package let outcomes: [AssertionOutcome]
    package let captured: [String: Value]

    package init(input: String, answer: Answer, outcomes: [AssertionOutcome], captured: [String: Value] = [:]) {
        self.input = input
        self.answer = answer
        self.outcomes = outcomes
        self.captured = captured
    }
}

extension TurnResult {
    /// The votes of all judges that were asked, each once, also where several expectations ask the same.
    package var ballots: [Ballot] {
        var seen: Set<Ballot> = []
        return outcomes.flatMap(\.ballots).filter { seen.insert($0).inserted }
    }
}

/// The outcome of one expectation.
package struct AssertionOutcome: Sendable, Hashable {
    package enum Result: Sendable, Hashable {
        case passed
        case failed(Mismatch)
        /// One full sentence: why the result is unknown.
        case error(String)

        var isPassed: Bool {
            switch self {
            case .passed: true
            case .failed, .error: false
            }
        }
    }

    /// The key of the assertion, `capture`, or `answer` for the implicit expectation of every turn.
    package let name: String
    /// What a passing answer does.
    package let claim: String
    /// The YAML that asked for it.
    package let range: SourceRange
    package let result: Result
    /// The votes of the judges that it asks; none of one that could not be heard.
    package let ballots: [Ballot]

    package init(name: String, claim: String, range: SourceRange, result: Result, ballots: [Ballot] = []) {
        self.name = name
        self.claim = claim
        self.range = range
        self.result = result
        self.ballots = ballots
    }

    /// The name of the implicit expectation of every turn.
    package static let message = "answer"
    /// The name of those of captures.
    static let capture = "capture"
}

extension Answer.Usage {
    /// The sum of all; nil when one is unknown.
    static func sum(_ usages: [Answer.Usage?]) -> Answer.Usage? {
        let known = usages.compactMap { $0 }
        guard known.count == usages.count else { return nil }
        return Answer.Usage(
            input: known.map(\.input).reduce(0, +), output: known.map(\.output).reduce(0, +))
    }
}
