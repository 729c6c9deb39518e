import Language
package import Runtime

/// What the samples of a case come to in numbers, whatever their size. There is one of each case for the whole run, so that
/// it is small.
package struct CaseTally: Sendable, Hashable {
    package private(set) var repetition: Repetition
    private var counts = Counts()
    /// In nanoseconds.
    private var longest = 0
    private var total = 0
    private var input = 0
    private var output = 0
    private var tellsTokens = true
    private var isAnswered = false
    /// Whether the verdict counts for the suite.
    package let decides: Bool
    /// Whether a sample has something to report: an expectation that did not hold, or a problem.
    package private(set) var hasFindings = false
    /// Whether samples are missing for a known reason.
    package private(set) var isMissingSamples = false

    private struct Counts: Sendable, Hashable {
        var passed: Int32 = 0
        var failed: Int32 = 0
        var errors: Int32 = 0
        var attempts: Int32 = 0
    }

    package init(_ repetition: Repetition, decides: Bool) {
        self.repetition = repetition
        self.decides = decides
    }

    package var passed: Int { Int(counts.passed) }
    package var failed: Int { Int(counts.failed) }
    package var errors: Int { Int(counts.errors) }
    /// The number of samples taken.
    package var samples: Int { passed + failed + errors }
    /// The maximum number of attempts of a sample; 0 when there are no samples.
    package var attempts: Int { Int(counts.attempts) }
    /// The longest sample; nil when nothing was answered.
    package var latency: Duration? { isAnswered ? .nanoseconds(longest) : nil }
    /// The sum over all samples.
    package var totalLatency: Duration { .nanoseconds(total) }

    /// The sum over all samples; nil when one of them is unknown.
    package var usage: Answer.Usage? {
        samples > 0 && tellsTokens ? Answer.Usage(input: input, output: output) : nil
    }

    package var verdict: Verdict {
        repetition.verdict(passed: passed, failed: failed)
    }

    /// Whether only what was missing was asked.
    var isBesideStanding: Bool { repetition.standing != nil }

    /// Whether no sample is to come.
    package var isOver: Bool {
        repetition.isOver(passed: passed, failed: failed, errors: errors)
    }

    mutating func take(_ sample: Sample) {
        switch sample.verdict {
        case .passed: counts.passed += 1
        case .failed: counts.failed += 1
        case .error: counts.errors += 1
        }
        counts.attempts = max(counts.attempts, Int32(clamping: sample.attempts))
        let latency = sample.latency.nanoseconds
        total += latency
        longest = max(longest, latency)
        isAnswered = isAnswered || !sample.turns.isEmpty
        if let usage = sample.usage {
            input += usage.input
            output += usage.output
        } else {
            tellsTokens = false
        }
        hasFindings = hasFindings || sample.hasFindings
    }

    /// The same with samples that were taken before and could be judged. What was counted of fewer samples is counted of all.
    func adding(_ earlier: Evidence.Samples) -> CaseTally {
        var tally = self
        tally.counts.passed += Int32(clamping: earlier.passed)
        tally.counts.failed += Int32(clamping: earlier.failed)
        tally.repetition = repetition.after(nil).counting(ofAtLeast: tally.passed + tally.failed)
        return tally
    }

    /// Records that a sample is missing.
    mutating func miss() {
        isMissingSamples = true
    }
}

/// The numbers of a suite's samples: a fold over them in any order, from which the verdict is computed.
struct SuiteTally: Sendable {
    /// In declaration order.
    private(set) var cases: [CaseTally]
    /// The baseline of each case, nil for a new one; empty without a baseline.
    private(set) var before: [Baseline.Case?]
    /// The latency of each answer in deciding cases, in nanoseconds.
    private(set) var latencies: [Int] = []
    /// How many answers in deciding cases never came.
    private(set) var unanswered = 0
    private var spent = SpentTokens()
    /// The known token usage, with that of judges and of attempts that were repeated.
    var tokens: Int { spent.known }
    /// Whether all token usage is known: the server reported that of every answer, and every answer came.
    var tellsTokens: Bool { spent.isAll }
    /// What judges found in deciding cases.
    private(set) var judged: [JudgeTally.Key: JudgeTally] = [:]
    /// The reasons why chat completions answered.
    private(set) var fallbacks: Set<String> = []

    /// What is known of the suite's judges, by their names.
    let calibrations: [String: Calibration]

    init(_ cases: [CaseTally], before: [Baseline.Case?] = [], calibrations: [String: Calibration] = [:]) {
        self.cases = cases
        self.before = before
        self.calibrations = calibrations
    }

    /// One case more.
    /// - Parameter before: What it was, where there is a baseline; the inner nil for a new case.
    mutating func declare(_ testCase: CaseTally, before: Baseline.Case??) {
        cases.append(testCase)
        if let before { self.before.append(before) }
    }

    mutating func take(_ sample: Sample, ofCase index: Int) {
        cases[index].take(sample)
        for turn in sample.turns {
            if cases[index].decides { latencies.append(turn.answer.latency.nanoseconds) }
            if let fallback = turn.answer.fallback { fallbacks.insert(fallback) }
        }
        if cases[index].decides { judge(sample) }
        if cases[index].decides, sample.lacksAnswer { unanswered += 1 }
        spent.take(sample.spent)
    }

    private mutating func judge(_ sample: Sample) {
        for ballot in sample.turns.flatMap(\.ballots) {
            // What decides nothing is an error of the sample, and no part of a rate.
            guard let decision = try? ballot.decision() else { continue }
            judged[JudgeTally.Key(ballot), default: JudgeTally()].take(decision)
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
