import Language
import Runtime

/// The state of a run: what is left to run, and what is finished. It does no I/O: the runner asks it, runs samples and
/// reports them.
struct SuiteProgress {
    /// One sample of one case, by index.
    struct Unit: Sendable, Hashable {
        let suite: Int
        let testCase: Int
        let sample: Int
        let id: CaseID
    }

    private struct Position: Hashable {
        var suite = 0
        var testCase = 0
        var sample = 0
    }

    private let suites: [TestSuite]
    private let today: CalendarDay
    private let failsFast: Bool
    /// Of the sample after the last that was handed out.
    private var upcoming = Position()
    /// Samples whose tests go on: one of each case, after the one before it ended.
    private var continued: [Unit] = []
    /// The case of the last sample that was handed out: its other samples follow.
    private var latest: (suite: Int, index: Int, testCase: TestCase)?
    private var tallies: [SuiteTally]
    /// The number of unfinished samples of each case, and of unfinished cases of each suite.
    private var missing: [[Int]]
    private var open: [Int]
    private var stopped: [Int: Diagnostic] = [:]
    /// Why nothing more is begun, in any suite.
    private var halted: Diagnostic?
    /// Samples that are not handed out, because an earlier run took them.
    private var earlier: Set<Position> = []
    private var notRun: [[Int: Diagnostic]]
    private var isJudged: [Bool]
    private var events: [SuiteEvent]

    /// - Parameter failsFast: Whether nothing more is begun once a case that decides has failed.
    init(_ suites: [TestSuite], today: CalendarDay, failsFast: Bool = false) {
        self.suites = suites
        self.today = today
        self.failsFast = failsFast
        tallies = suites.map { suite in
            SuiteTally(
                suite.cases.map { CaseTally($0.repetition, decides: $0.quarantine == nil) },
                before: suite.baseline.map { before in suite.cases.map { before.cases[$0.id.description] } } ?? [],
                calibrations: suite.judges.compactMapValues(\.calibration))
        }
        missing = tallies.map { $0.cases.map(\.repetition.wanted) }
        open = suites.map(\.cases.count)
        notRun = suites.map { _ in [:] }
        isJudged = suites.map { _ in false }
        events = [.started(samples: missing.joined().reduce(0, +))]
        for suite in suites.indices where suites[suite].isRemainder { settleStanding(suite) }
    }

    /// Finishes the cases of which no sample is missing.
    private mutating func settleStanding(_ index: Int) {
        for (position, testCase) in suites[index].cases.enumerated() where missing[index][position] == 0 {
            let reason = testCase.quarantine?.problem(on: today)
            if reason != nil { tallies[index].miss(case: position) }
            events.append(.caseFinished(testCase.id, tallies[index].cases[position].verdict, notRun: reason))
            open[index] -= 1
        }
    }

    /// Counts a sample of an earlier run, before anything is handed out.
    /// - Parameter sample: A failure where it was begun and must not be begun again.
    mutating func keep(_ unit: Unit, _ sample: Result<FinishedSample, Diagnostic>, elapsed: Duration) {
        earlier.insert(Position(suite: unit.suite, testCase: unit.testCase, sample: unit.sample))
        switch sample {
        case .success(let finished): finish(unit, with: finished)
        case .failure(let reason): skip(unit, because: reason, elapsed: elapsed)
        }
    }

    private mutating func popFirst() -> (unit: Unit, testCase: TestCase)? {
        while let first = popNext() {
            let position = Position(suite: first.unit.suite, testCase: first.unit.testCase, sample: first.unit.sample)
            if earlier.remove(position) == nil { return first }
        }
        return nil
    }

    private mutating func popNext() -> (unit: Unit, testCase: TestCase)? {
        if !continued.isEmpty {
            let unit = continued.removeFirst()
            return (unit, suites[unit.suite].cases[unit.testCase])
        }
        while upcoming.suite < suites.count {
            let cases = tallies[upcoming.suite].cases
            guard upcoming.testCase < cases.count else {
                upcoming = Position(suite: upcoming.suite + 1)
                continue
            }
            // Of what stands already, none is missing.
            guard cases[upcoming.testCase].repetition.wanted == 0 else { break }
            upcoming = Position(suite: upcoming.suite, testCase: upcoming.testCase + 1)
        }
        guard upcoming.suite < suites.count else { return nil }
        let position = upcoming
        let testCase = testCase(at: position)
        upcoming.sample += 1
        if testCase.repetition.test != nil || upcoming.sample >= testCase.repetition.wanted {
            upcoming = Position(suite: position.suite, testCase: position.testCase + 1)
        }
        let unit = Unit(
            suite: position.suite, testCase: position.testCase, sample: position.sample, id: testCase.id)
        return (unit, testCase)
    }

    private mutating func testCase(at position: Position) -> TestCase {
        if let latest, latest.suite == position.suite, latest.index == position.testCase { return latest.testCase }
        let testCase = suites[position.suite].cases[position.testCase]
        latest = (position.suite, position.testCase, testCase)
        return testCase
    }

    /// The next sample to take; cases that will not run are finished on the way.
    mutating func next(elapsed: Duration) -> (unit: Unit, testCase: TestCase)? {
        while let (unit, testCase) = popFirst() {
            stop(unit.suite, elapsed: elapsed)
            guard let reason = halted ?? stopped[unit.suite] ?? testCase.quarantine?.problem(on: today) else {
                events.append(.sampleStarted(unit.id))
                return (unit, testCase)
            }
            skip(unit, because: reason, elapsed: elapsed)
        }
        return nil
    }

    /// Adds a finished sample; nil when it was interrupted.
    mutating func finish(_ unit: Unit, with sample: Sample?, _ trace: Trace?, elapsed: Duration) {
        guard let sample else { return skip(unit, because: .interrupted, elapsed: elapsed) }
        finish(
            unit,
            with: FinishedSample(id: unit.id, number: unit.sample + 1, sample: sample, trace: trace, elapsed: elapsed))
    }

    private mutating func finish(_ unit: Unit, with finished: FinishedSample) {
        tallies[unit.suite].take(finished.sample, ofCase: unit.testCase)
        events.append(.sampleFinished(finished))
        let tally = tallies[unit.suite].cases[unit.testCase]
        if failsFast, tally.decides, tally.verdict == .failed { halted = halted ?? .failedFast(unit.id) }
        settle(unit, elapsed: finished.elapsed)
    }

    /// Cancels everything that has not started.
    mutating func close(elapsed: Duration) {
        while let (unit, _) = popFirst() { skip(unit, because: .interrupted, elapsed: elapsed) }
        for index in suites.indices where !isJudged[index] { judge(index, elapsed: elapsed) }
    }

    mutating func takeEvents() -> [SuiteEvent] {
        defer { events = [] }
        return events
    }

    private mutating func skip(_ unit: Unit, because reason: Diagnostic, elapsed: Duration) {
        notRun[unit.suite][unit.testCase] = reason
        tallies[unit.suite].miss(case: unit.testCase)
        settle(unit, elapsed: elapsed)
    }

    private mutating func settle(_ unit: Unit, elapsed: Duration) {
        let tally = tallies[unit.suite].cases[unit.testCase]
        missing[unit.suite][unit.testCase] -= 1
        if tally.repetition.test != nil {
            if !tally.isOver, notRun[unit.suite][unit.testCase] == nil { return proceed(after: unit) }
            missing[unit.suite][unit.testCase] = 0
        }
        guard missing[unit.suite][unit.testCase] == 0 else { return }
        let verdict = tally.verdict
        let reason = notRun[unit.suite].removeValue(forKey: unit.testCase)
        events.append(.caseFinished(unit.id, verdict, notRun: reason))
        open[unit.suite] -= 1
        if open[unit.suite] == 0 { judge(unit.suite, elapsed: elapsed) }
    }

    /// Hands out the next sample of a case whose test has not decided yet.
    private mutating func proceed(after unit: Unit) {
        continued.append(
            Unit(suite: unit.suite, testCase: unit.testCase, sample: unit.sample + 1, id: unit.id))
    }

    private mutating func judge(_ index: Int, elapsed: Duration) {
        let suite = suites[index]
        isJudged[index] = true
        let result = SuiteResult(
            suite: suite.name, agent: suite.agent, range: suite.range, thresholds: suite.thresholds, tallies[index],
            baseline: suite.baseline, elapsed: elapsed)
        events.append(.suiteFinished(result))
    }

    /// Stops a suite that has used up its budget of tokens or time.
    private mutating func stop(_ index: Int, elapsed: Duration) {
        guard stopped[index] == nil else { return }
        let thresholds = suites[index].thresholds
        if let budget = thresholds.totalTokens, tallies[index].tokens > budget.value {
            stopped[index] = .budgetSpent(
                "totalTokens", "\(tallies[index].tokens) of \(budget.value) tokens", at: budget.range)
        } else if let budget = thresholds.maxDuration, elapsed > budget.value {
            let times = "\(elapsed.exact) of \(budget.value.exact)"
            stopped[index] = .budgetSpent("maxDuration", times, at: budget.range)
        }
    }
}

extension Quarantine {
    /// The problem of an expired quarantine; nil while it holds.
    fileprivate func problem(on today: CalendarDay) -> Diagnostic? {
        guard until < today else { return nil }
        return Diagnostic(
            "quarantine-over", "Quarantine is over",
            detail: "This case was in quarantine until \(until) (\(reason)), and today is \(today).",
            fix: "Repair the case and remove `quarantine`, or give it a later day.", at: range, cause: .inconclusive)
    }
}

extension Diagnostic {
    static var interrupted: Diagnostic {
        Diagnostic(
            "interrupted", "Interrupted", detail: "The run was stopped before this case was finished.",
            fix: "Run it again.", cause: .inconclusive)
    }

    fileprivate static func failedFast(_ id: CaseID) -> Diagnostic {
        Diagnostic(
            "stopped-early", "Stopped at the first failure",
            detail: "Nothing more was begun after `\(id)` had failed.", fix: "Repair that case, or run them all.",
            cause: .inconclusive)
    }

    fileprivate static func budgetSpent(_ name: String, _ amount: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "budget-spent", "Budget spent",
            detail: "The suite stopped, because \(amount) were used; not all of its cases ran.",
            fix: "Raise `\(name)`, or split the suite.", at: range, cause: .inconclusive)
    }
}
