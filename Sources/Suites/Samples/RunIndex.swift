import Language

/// An index of a log, with the numbers of its samples: a fold over its entries, with a few dozen bytes per sample.
struct RunIndex: Sendable {
    /// A case, and where its samples are in the log.
    struct Case: Sendable {
        let id: CaseID
        let declared: SampleLog.Span
        /// Where its samples are among those of the suite, by their numbers; a sequential test may need fewer.
        let samples: Range<Int>
    }

    struct Suite: Sendable {
        let record: SuiteRecord
        var positions: [CaseID: Int] = [:]
        var cases: [Case] = []
        /// Those of all cases; empty while it is not there.
        var samples: [SampleLog.Span] = []
        /// Why samples are missing, by the position of the case.
        var notRun: [Int: SampleLog.Span] = [:]
        var tally: SuiteTally
        /// Nil while it is running.
        var elapsed: Int?
    }

    /// No case has more samples.
    private static let mostSamples = 1_000_000

    private(set) var run: RunRecord?
    /// In declaration order.
    private(set) var suites: [Suite] = []
    /// Nil while the run is going on.
    private(set) var duration: Int?
    /// The suites of which what passed is no evidence.
    private(set) var changed: Set<String> = []
    /// When the last sample ended.
    private(set) var latest = 0
    /// The tools that changed something in samples that are not finished.
    private(set) var changes: [CaseID: [Int: String]] = [:]
    private var numbers: [String: Int] = [:]

    /// Adds an entry; a sample that is there already is ignored.
    /// - Parameter sources: For looking up the places in samples.
    mutating func take(
        _ entry: LogEntry, at span: SampleLog.Span, in sources: SourceMap
    ) throws(UnreadableRecord) {
        switch entry {
        case .run(let record): (run, changed) = (record, Set(record.changed ?? []))
        case .line: break
        case .suite(let record):
            numbers[record.name] = suites.count
            suites.append(Suite(record: record, tally: SuiteTally([], calibrations: record.calibrations)))
        case .testCase(let record): try declare(record, at: span)
        case .sample(let record):
            guard record.format == SampleRecord.format else {
                throw UnreadableRecord(reason: "its format is \(record.format), and not \(SampleRecord.format)")
            }
            let id = try CaseID(recorded: record.testCase)
            try take(try record.sample(in: sources), of: id, record.number, elapsed: record.elapsed, at: span)
        case .change(let record):
            changes[try CaseID(recorded: record.testCase), default: [:]][record.number] = record.tool
        case .notRun(let record):
            let id = try CaseID(recorded: record.testCase)
            let (suite, testCase) = try position(of: id)
            suites[suite].notRun[testCase] = span
            suites[suite].tally.miss(case: testCase)
        case .suiteEnd(let record):
            guard let suite = numbers[record.suite] else { throw .unknown(record.suite) }
            suites[suite].elapsed = record.elapsed
        case .end(let record):
            duration = record.duration
            changed.formUnion(record.changed ?? [])
        }
    }

    mutating func take(
        _ sample: Sample, of id: CaseID, _ number: Int, elapsed: Int, at span: SampleLog.Span
    ) throws(UnreadableRecord) {
        let (suite, testCase) = try position(of: id)
        let samples = suites[suite].cases[testCase].samples
        guard (1...max(1, samples.count)).contains(number), !samples.isEmpty else {
            throw UnreadableRecord(reason: "`\(id)` has no sample \(number)")
        }
        latest = max(latest, elapsed)
        changes[id]?[number] = nil
        let place = samples.lowerBound + number - 1
        guard suites[suite].samples[place].isEmpty else { return }
        suites[suite].samples[place] = span
        suites[suite].tally.take(sample, ofCase: testCase)
    }

    /// The same with only one of the suites, or with none where no suite has that name. It leaves out which tools
    /// changed something in unfinished samples.
    func only(suite name: String) -> RunIndex {
        var only = self
        only.suites = numbers[name].map { [suites[$0]] } ?? []
        only.numbers = only.suites.isEmpty ? [:] : [name: 0]
        only.changes = [:]
        return only
    }

    /// Marks all samples without an entry as missing.
    mutating func close() {
        for suite in suites.indices {
            for testCase in suites[suite].cases.indices where suites[suite].isCut(testCase) {
                suites[suite].tally.miss(case: testCase)
            }
        }
    }

    private mutating func declare(_ record: CaseRecord, at span: SampleLog.Span) throws(UnreadableRecord) {
        let id = try CaseID(recorded: record.id)
        guard let suite = numbers[id.suite] else { throw .unknown(id.suite) }
        suites[suite].positions[id] = suites[suite].cases.count
        let start = suites[suite].samples.count
        let end = start + max(0, min(record.samples, Self.mostSamples))
        suites[suite].cases.append(Case(id: id, declared: span, samples: start..<end))
        suites[suite].samples += Array(repeating: .nowhere, count: end - start)
        suites[suite].tally.declare(record.tally, before: suites[suite].record.baseline.map { $0.cases[record.id] })
    }

    private func position(of id: CaseID) throws(UnreadableRecord) -> (suite: Int, testCase: Int) {
        guard let suite = numbers[id.suite], let testCase = suites[suite].positions[id] else {
            throw .unknown(id.description)
        }
        return (suite, testCase)
    }
}

extension RunIndex.Suite {
    /// The samples of a case that are there.
    func taken(of testCase: Int) -> [SampleLog.Span] {
        samples[cases[testCase].samples].filter { !$0.isEmpty }
    }

    /// Whether samples of a case are missing.
    func isCut(_ testCase: Int) -> Bool {
        !tally.cases[testCase].isOver
    }
}

extension UnreadableRecord {
    fileprivate static func unknown(_ name: String) -> UnreadableRecord {
        UnreadableRecord(reason: "it names `\(name)`, which was not declared before")
    }
}
