import Language
import Runtime

/// What is still to run and what is finished, without any waiting of its own: the runner asks, runs and tells.
struct SuiteProgress {
    /// One sample of one case, by positions.
    struct Unit: Sendable, Hashable {
        let suite: Int
        let testCase: Int
        let sample: Int
    }

    private let suites: [TestSuite]
    private let today: CalendarDay
    private var waiting: ArraySlice<Unit>
    private var samples: [[[Sample?]]]
    /// The samples of each case that are not settled, and the cases of each suite that are not.
    private var missing: [[Int]]
    private var open: [Int]
    /// The tokens that each suite is known to have used.
    private var spent: [Int]
    private var stopped: [Int: Diagnostic] = [:]
    private var notRun: [[Diagnostic?]]
    private var cases: [[CaseResult?]]
    private var finished: [SuiteResult?]
    private var events: [SuiteEvent]

    init(_ suites: [TestSuite], today: CalendarDay) {
        self.suites = suites
        self.today = today
        samples = suites.map { $0.cases.map { Array(repeating: nil, count: $0.repetition.samples) } }
        missing = suites.map { $0.cases.map(\.repetition.samples) }
        open = suites.map(\.cases.count)
        spent = suites.map { _ in 0 }
        notRun = suites.map { $0.cases.map { _ in nil } }
        cases = suites.map { $0.cases.map { _ in nil } }
        finished = suites.map { _ in nil }
        waiting = Self.units(of: suites)[...]
        events = [.started(samples: waiting.count)]
    }

    private static func units(of suites: [TestSuite]) -> [Unit] {
        suites.enumerated().flatMap { suite, value in
            value.cases.enumerated().flatMap { testCase, value in
                (0..<value.repetition.samples).map { Unit(suite: suite, testCase: testCase, sample: $0) }
            }
        }
    }

    func testCase(of unit: Unit) -> TestCase {
        suites[unit.suite].cases[unit.testCase]
    }

    /// The next sample to take; those that will not be taken are finished on the way.
    mutating func next(elapsed: Duration) -> Unit? {
        while let unit = waiting.popFirst() {
            stop(unit.suite, elapsed: elapsed)
            guard let reason = stopped[unit.suite] ?? testCase(of: unit).quarantine?.problem(on: today) else {
                events.append(.sampleStarted(testCase(of: unit).id))
                return unit
            }
            skip(unit, because: reason, elapsed: elapsed)
        }
        return nil
    }

    /// Takes a sample in; nil when it was interrupted.
    mutating func finish(_ unit: Unit, with sample: Sample?, _ trace: Trace?, elapsed: Duration) {
        guard let sample else { return skip(unit, because: .interrupted, elapsed: elapsed) }
        samples[unit.suite][unit.testCase][unit.sample] = sample
        spent[unit.suite] += sample.turns.compactMap(\.answer.usage?.total).reduce(0, +)
        events.append(.sampleFinished(testCase(of: unit).id, sample, trace))
        settle(unit, elapsed: elapsed)
    }

    /// Gives up on everything that still waits.
    mutating func close(elapsed: Duration) {
        while let unit = waiting.popFirst() { skip(unit, because: .interrupted, elapsed: elapsed) }
        for index in suites.indices where finished[index] == nil { judge(index, elapsed: elapsed) }
    }

    mutating func takeEvents() -> [SuiteEvent] {
        defer { events = [] }
        return events
    }

    /// All suites in their order; whole after `close`.
    var results: [SuiteResult] {
        finished.compactMap { $0 }
    }

    private mutating func skip(_ unit: Unit, because reason: Diagnostic, elapsed: Duration) {
        notRun[unit.suite][unit.testCase] = reason
        settle(unit, elapsed: elapsed)
    }

    private mutating func settle(_ unit: Unit, elapsed: Duration) {
        missing[unit.suite][unit.testCase] -= 1
        guard missing[unit.suite][unit.testCase] == 0 else { return }
        let result = CaseResult(
            of: testCase(of: unit), samples: samples[unit.suite][unit.testCase].compactMap { $0 },
            notRun: notRun[unit.suite][unit.testCase])
        cases[unit.suite][unit.testCase] = result
        events.append(.caseFinished(result))
        open[unit.suite] -= 1
        if open[unit.suite] == 0 { judge(unit.suite, elapsed: elapsed) }
    }

    private mutating func judge(_ index: Int, elapsed: Duration) {
        let suite = suites[index]
        let results = cases[index].compactMap { $0 }
        let outcomes = suite.thresholds.outcomes(for: results, elapsed: elapsed)
        let expired = results.compactMap(\.notRun).isEmpty ? Verdict.passed : .inconclusive
        let result = SuiteResult(
            suite: suite.name, agent: suite.agent, range: suite.range, cases: results, thresholds: outcomes,
            verdict: .worst(of: outcomes.map(\.verdict) + [expired]))
        finished[index] = result
        events.append(.suiteFinished(result))
    }

    /// Stops a suite whose budget of tokens or of time is spent.
    private mutating func stop(_ index: Int, elapsed: Duration) {
        guard stopped[index] == nil else { return }
        let thresholds = suites[index].thresholds
        if let budget = thresholds.totalTokens, spent[index] > budget.value {
            stopped[index] = .budgetSpent("totalTokens", "\(spent[index]) of \(budget.value) tokens", at: budget.range)
        } else if let budget = thresholds.maxDuration, elapsed > budget.value {
            let times = "\(Quantity.spelled(elapsed)) of \(Quantity.spelled(budget.value))"
            stopped[index] = .budgetSpent("maxDuration", times, at: budget.range)
        }
    }
}

extension Quarantine {
    /// What is wrong with a quarantine that should be over; nil while it holds.
    fileprivate func problem(on today: CalendarDay) -> Diagnostic? {
        guard until < today else { return nil }
        return Diagnostic(
            "quarantine-over", "Quarantine is over",
            detail: "This case was in quarantine until \(until) (\(reason)), and today is \(today).",
            fix: "Repair the case and remove `quarantine`, or give it a later day.", at: range, cause: .inconclusive)
    }
}

extension Diagnostic {
    fileprivate static var interrupted: Diagnostic {
        Diagnostic(
            "interrupted", "Interrupted", detail: "The run was stopped before this case was finished.",
            fix: "Run it again.", cause: .inconclusive)
    }

    fileprivate static func budgetSpent(_ name: String, _ amount: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "budget-spent", "Budget spent",
            detail: "The suite stopped, because \(amount) were used; not all of its cases ran.",
            fix: "Raise `\(name)`, or split the suite.", at: range, cause: .inconclusive)
    }
}
