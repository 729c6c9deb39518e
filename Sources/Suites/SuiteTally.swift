package import Runtime

/// What the samples of a case come to in numbers, whatever their size.
package struct CaseTally: Sendable, Hashable {
    package let repetition: Repetition
    /// Whether the verdict counts for the suite.
    package let decides: Bool
    package private(set) var passed = 0
    package private(set) var failed = 0
    package private(set) var errors = 0
    /// The most attempts that a sample took; 0 when there are no samples.
    package private(set) var attempts = 0
    /// The longest sample; nil when nothing was answered.
    package private(set) var latency: Duration?
    /// All samples together.
    package private(set) var totalLatency = Duration.zero
    /// Whether something is to be told of a sample: an expectation that did not hold, or a problem.
    package private(set) var hasFindings = false
    /// Whether samples are missing, for a reason that is told.
    package private(set) var isMissingSamples = false
    private var tokens = Answer.Usage(input: 0, output: 0)
    private var tellsTokens = true

    package init(_ repetition: Repetition, decides: Bool) {
        self.repetition = repetition
        self.decides = decides
    }

    /// How many samples were taken.
    package var samples: Int {
        passed + failed + errors
    }

    /// All samples together; nil when one of them is not known.
    package var usage: Answer.Usage? {
        samples > 0 && tellsTokens ? tokens : nil
    }

    package var verdict: Verdict {
        .counting(passed: passed, failed: failed, for: repetition)
    }

    mutating func take(_ sample: Sample) {
        switch sample.verdict {
        case .passed: passed += 1
        case .failed: failed += 1
        case .error: errors += 1
        }
        attempts = max(attempts, sample.attempts)
        totalLatency += sample.latency
        if !sample.turns.isEmpty { latency = max(latency ?? .zero, sample.latency) }
        if let usage = sample.usage {
            tokens.input += usage.input
            tokens.output += usage.output
        } else {
            tellsTokens = false
        }
        hasFindings = hasFindings || sample.hasFindings
    }

    /// Says that a sample is missing.
    mutating func miss() {
        isMissingSamples = true
    }
}

/// What the samples of a suite come to in numbers: a fold over them in any order, of which the verdict is made.
struct SuiteTally: Sendable {
    /// In declaration order.
    private(set) var cases: [CaseTally]
    /// Of each answer in deciding cases, in nanoseconds.
    private(set) var latencies: [Int] = []
    /// All tokens that are known to be used.
    private(set) var tokens = 0
    /// Whether the server told the tokens of every answer.
    private(set) var tellsTokens = true
    /// Why chat completions answered where they did.
    private(set) var fallbacks: Set<String> = []

    init(_ cases: [CaseTally]) {
        self.cases = cases
    }

    /// One case more.
    mutating func declare(_ testCase: CaseTally) {
        cases.append(testCase)
    }

    mutating func take(_ sample: Sample, ofCase index: Int) {
        cases[index].take(sample)
        for turn in sample.turns {
            if cases[index].decides { latencies.append(turn.answer.latency.nanoseconds) }
            tokens += turn.answer.usage?.total ?? 0
            tellsTokens = tellsTokens && turn.answer.usage != nil
            if let fallback = turn.answer.fallback { fallbacks.insert(fallback) }
        }
    }

    mutating func miss(case index: Int) {
        cases[index].miss()
    }
}

extension Sample {
    fileprivate var hasFindings: Bool {
        problem != nil || turns.contains { turn in turn.outcomes.contains { !$0.result.isPassed } }
    }
}

extension Duration {
    /// Rounded towards zero.
    var nanoseconds: Int {
        Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000)
    }
}
