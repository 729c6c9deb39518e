package import Language

/// A run read from its log, which reports fold over. Its numbers are in memory, its cases are read on demand.
package struct RecordedRun: Sendable {
    /// The index of a case in the order of declaration, from 0.
    package struct Position: Sendable, Hashable {
        package let suite: Int
        package let testCase: Int
    }

    package let run: Run
    /// As its log begins.
    package let record: RunRecord
    /// Whether the log was written to its end.
    package let hasEnded: Bool
    /// The suites of which what passed is no evidence: something has changed meanwhile that it depends on.
    package let changed: Set<String>
    /// How many of its cases are not even declared in the log, which was truncated before.
    package var undeclared: Int {
        record.cases.map { max(0, $0 - suites.map(\.cases.count).reduce(0, +)) } ?? 0
    }
    /// Whether all its cases are declared in it. In a log that does not count them, samples come after the last one.
    var isDeclared: Bool {
        guard record.cases == nil else { return undeclared == 0 }
        return hasEnded || suites.contains { $0.samples.contains { !$0.isEmpty } }
    }
    /// How many samples are finished.
    var taken: Int { suites.map { $0.samples.count { !$0.isEmpty } }.reduce(0, +) }
    /// How many samples it lacks of those that it was to begin with: it was cut off while it took them over.
    var lost: Int { max(0, (record.kept ?? 0) - taken) }
    /// The sources that the ranges in results refer to.
    package let sources: SourceMap
    /// What earlier runs of the same stack came to, the oldest first; empty where nobody looked.
    package private(set) var earlier: [RunTotals] = []
    let log: SampleLog
    private let suites: [RunIndex.Suite]
    /// Where each suite stands among them, by its name.
    private let places: [String: Int]
    private let changes: [CaseID: [Int: String]]

    init(_ log: SampleLog, _ index: RunIndex, in sources: SourceMap) throws(Diagnostic) {
        guard let run = index.run else { throw log.unreadable(at: 0, UnreadableRecord(reason: "no run begins there")) }
        self.log = log
        self.sources = sources
        suites = index.suites
        places = Self.places(of: suites)
        changes = index.changes
        record = run
        hasEnded = index.duration != nil
        changed = index.changed
        do throws(UnreadableRecord) {
            let latest = index.latest
            let results = try index.suites.map { suite throws(UnreadableRecord) in
                try suite.result(latest: latest, isShard: run.shard != nil, in: sources)
            }
            self.run = Run(run, duration: .nanoseconds(index.duration ?? latest), suites: results)
        } catch {
            throw log.unreadable(at: 0, error)
        }
    }

    /// Reads a log from start to end, or to where it was truncated. Snippets show the lines that it quotes.
    package static func read(_ log: SampleLog) throws(Diagnostic) -> RecordedRun {
        var index = RunIndex()
        var lines = QuotedLines()
        var known = SourceMap()
        try log.forEachLine { (span, line) throws(Diagnostic) in
            if span.start == 0 { try log.checkBeginning(line) }
            do throws(UnreadableRecord) {
                let entry = try LogEntry(line: line)
                if case .run(let run) = entry { known = QuotedLines().sources(run.sources) }
                if case .line(let line) = entry { lines.keep(line.text, atLine: line.number, of: line.path) }
                try index.take(entry, at: span, in: known)
            } catch {
                throw log.unreadable(at: span.start, error)
            }
        }
        index.close()
        return try RecordedRun(log, index, in: lines.sources(index.run?.sources ?? []))
    }

    /// What a report of it is to be read with; nil for a log that was written to its end.
    package var warning: Diagnostic? {
        guard !hasEnded else { return nil }
        let lacking = undeclared == 0 ? "" : " \(undeclared) of its \(record.cases ?? 0) cases are not in it at all."
        return Diagnostic(
            "log-cut-off", "The log of an unfinished run",
            detail: "`\(path)` ends, after \(log.length) bytes, before its run did: what is missing counts as "
                + "inconclusive.\(lacking)",
            fix: "Go on with that run, and make the report of the one that this makes.", severity: .warning,
            cause: .inconclusive)
    }

    /// All cases of a suite, in declaration order.
    package func positions(ofSuite suite: Int) -> [Position] {
        suites[suite].cases.indices.map { Position(suite: suite, testCase: $0) }
    }

    /// The SHA-256 of each table that a suite read, by its path.
    package func tables(ofSuite suite: Int) -> [String: String] {
        suites[suite].record.tables ?? [:]
    }

    /// What a suite as a whole had to reach.
    package func thresholds(ofSuite suite: Int) throws(Diagnostic) -> Thresholds {
        do throws(UnreadableRecord) {
            return try suites[suite].record.thresholds.thresholds(in: sources)
        } catch {
            throw log.unreadable(at: 0, error)
        }
    }

    /// The numbers of a case's samples.
    package func tally(of position: Position) -> CaseTally {
        run.suites[position.suite].cases[position.testCase]
    }

    /// What a case is called; it is in memory.
    package func id(of position: Position) -> CaseID {
        suites[position.suite].cases[position.testCase].id
    }

    /// The case without its samples.
    package func declaration(of position: Position) throws(Diagnostic) -> CaseResult {
        try read(suites[position.suite].cases[position.testCase].declared) { entry throws(UnreadableRecord) in
            guard case .testCase(let record) = entry else { throw .noCase }
            return try record.result([], notRun: nil, in: sources)
        }
    }

    /// The case with all its samples.
    package func result(of position: Position) throws(Diagnostic) -> CaseResult {
        let suite = suites[position.suite]
        let samples = try suite.taken(of: position.testCase).map { span throws(Diagnostic) in try sample(at: span) }
        let notRun = try suite.notRun[position.testCase].map { span throws(Diagnostic) in try reason(at: span) }
        let isCut = suite.isCut(position.testCase)
        return try read(suite.cases[position.testCase].declared) { entry throws(UnreadableRecord) in
            guard case .testCase(let record) = entry else { throw .noCase }
            return try record.result(samples, notRun: notRun ?? (isCut ? .interrupted : nil), in: sources)
        }
    }

    /// The lines of the log about a case, as they stand there: its declaration, its samples by number, and why samples are
    /// missing. They are JSON in UTF-8 without a line break.
    package func lines(of position: Position) throws(Diagnostic) -> [[UInt8]] {
        let suite = suites[position.suite]
        let spans = [suite.cases[position.testCase].declared] + suite.taken(of: position.testCase)
        let lines = try (spans + [suite.notRun[position.testCase]].compactMap { $0 }).map { span throws(Diagnostic) in
            try log.line(at: span)
        }
        guard suite.notRun[position.testCase] == nil, suite.isCut(position.testCase) else { return lines }
        let reason = DiagnosticRecord(.interrupted, in: sources)
        let id = id(of: position).description
        return lines + [try RunRecorder.line(of: .notRun(LogEntry.NotRun(testCase: id, reason: reason))).dropLast()]
    }

    /// With what earlier runs came to, the oldest first.
    package func after(_ earlier: [RunTotals]) -> RecordedRun {
        var recorded = self
        recorded.earlier = earlier
        return recorded
    }

    /// A run with only one of its suites, whose duration is the sum of its samples.
    package func only(suite: Int) -> RecordedRun {
        let result = run.suites[suite]
        return RecordedRun(
            run: Run(record, duration: result.cases.map(\.totalLatency).reduce(.zero, +), suites: [result]),
            record: record, hasEnded: hasEnded, changed: changed, sources: sources, log: log,
            suites: [suites[suite]], changes: [:])
    }

    private init(
        run: Run, record: RunRecord, hasEnded: Bool, changed: Set<String>, sources: SourceMap, log: SampleLog,
        suites: [RunIndex.Suite], changes: [CaseID: [Int: String]]
    ) {
        self.run = run
        self.record = record
        self.hasEnded = hasEnded
        self.changed = changed
        self.changes = changes
        self.sources = sources
        self.log = log
        self.suites = suites
        places = Self.places(of: suites)
    }

    private static func places(of suites: [RunIndex.Suite]) -> [String: Int] {
        Dictionary(suites.enumerated().map { ($1.record.name, $0) }) { first, _ in first }
    }

    /// The path of its log.
    package var path: String { log.path }

    /// Its suites as they were declared.
    var suiteRecords: [SuiteRecord] { suites.map(\.record) }

    /// The lines that declare the cases of a suite, and where each stands in it.
    func declarations(ofSuite name: String) throws(Diagnostic) -> [(index: Int, line: [UInt8])] {
        var lines: [(index: Int, line: [UInt8])] = []
        for suite in suites where suite.record.name == name {
            for (index, testCase) in suite.cases.enumerated() {
                let line = try log.line(at: testCase.declared)
                let place: Int? = try read(testCase.declared) { entry throws(UnreadableRecord) in
                    guard case .testCase(let record) = entry else { throw .noCase }
                    return record.index
                }
                lines.append((place ?? index, line))
            }
        }
        return lines
    }

    /// The cases that did not pass, or did not run to their end.
    package var unpassed: Set<CaseID> {
        Set(
            suites.flatMap { suite in
                suite.positions.filter { suite.tally.cases[$0.value].verdict != .passed }.map(\.key)
            })
    }

    /// The same of a run all of whose cases are known.
    /// - Throws: `Diagnostic` (`usage`) when its log was cut off before all cases were declared: some may not have passed.
    package func unpassedOfAll() throws(Diagnostic) -> Set<CaseID> {
        guard isDeclared else { throw .casesMissing(self) }
        return unpassed
    }

    /// Where a case stands; nil when the run did not have it.
    package func position(of id: CaseID) -> Position? {
        guard let suite = places[id.suite], let testCase = suites[suite].positions[id] else { return nil }
        return Position(suite: suite, testCase: testCase)
    }

    /// Where a suite stands; nil when the run did not have it.
    package func index(ofSuite name: String) -> Int? {
        places[name]
    }

    /// The finished samples of a case, by their numbers.
    /// - Parameter sources: What the ranges in them are to refer to.
    func finished(of position: Position, in sources: SourceMap) throws(Diagnostic) -> [FinishedSample] {
        try suites[position.suite].taken(of: position.testCase).map { span throws(Diagnostic) in
            try read(span) { entry throws(UnreadableRecord) in
                guard case .sample(let record) = entry else { throw UnreadableRecord(reason: "no sample stands there") }
                var finished = FinishedSample(
                    id: try CaseID(recorded: record.testCase), number: record.number,
                    sample: try record.sample(in: sources), elapsed: .nanoseconds(record.elapsed))
                finished.keptTrace = record.trace
                return finished
            }
        }
    }

    /// The cases with samples that were cut off after a tool had changed something, sorted.
    var casesWithChanges: [CaseID] {
        changes.filter { !$0.value.isEmpty }.keys.sorted { $0.description < $1.description }
    }

    /// The tools that changed something in samples of a case that were cut off, by the number of the sample.
    func changes(in id: CaseID) -> [(number: Int, tool: String)] {
        (changes[id] ?? [:]).sorted { $0.key < $1.key }.map { (number: $0.key, tool: $0.value) }
    }

    /// Passes on all samples of a suite, each with the id of its trace in MLflow, `tr-…`, which is nil where there is none.
    package func forEachSample(
        ofSuite suite: Int, _ body: (CaseTally, Sample, _ trace: String?) -> Void
    ) throws(Diagnostic) {
        for position in positions(ofSuite: suite) {
            for span in suites[suite].taken(of: position.testCase) {
                let (sample, trace) = try read(span) { entry throws(UnreadableRecord) in
                    guard case .sample(let record) = entry else {
                        throw UnreadableRecord(reason: "no sample stands there")
                    }
                    return (try record.sample(in: sources), record.trace)
                }
                body(tally(of: position), sample, trace)
            }
        }
    }

    /// The digests of all cases as declared.
    func digests() throws(Diagnostic) -> [CaseID: String] {
        var digests: [CaseID: String] = [:]
        for suite in suites {
            for (id, index) in suite.positions {
                digests[id] = try read(suite.cases[index].declared) { entry throws(UnreadableRecord) in
                    guard case .testCase(let record) = entry else { throw .noCase }
                    return record.digest ?? ""
                }
            }
        }
        return digests
    }

    private func sample(at span: SampleLog.Span) throws(Diagnostic) -> Sample {
        try read(span) { entry throws(UnreadableRecord) in
            guard case .sample(let record) = entry else { throw UnreadableRecord(reason: "no sample stands there") }
            return try record.sample(in: sources)
        }
    }

    private func reason(at span: SampleLog.Span) throws(Diagnostic) -> Diagnostic {
        try read(span) { entry throws(UnreadableRecord) in
            guard case .notRun(let record) = entry else { throw UnreadableRecord(reason: "no reason stands there") }
            return try record.reason.diagnostic(in: sources)
        }
    }

    private func read<Result>(
        _ span: SampleLog.Span, _ body: (LogEntry) throws(UnreadableRecord) -> Result
    ) throws(Diagnostic) -> Result {
        let line = try log.line(at: span)
        do throws(UnreadableRecord) {
            return try body(try LogEntry(line: line))
        } catch {
            throw log.unreadable(at: span.start, error)
        }
    }
}

extension RunIndex.Suite {
    fileprivate func result(latest: Int, isShard: Bool, in sources: SourceMap) throws(UnreadableRecord) -> SuiteResult {
        let thresholds = try record.thresholds.thresholds(in: sources)
        return SuiteResult(
            suite: record.name, agent: record.agent, range: try sources.known(record.place),
            thresholds: isShard ? thresholds.budgets : thresholds, tally, baseline: record.baseline,
            elapsed: .nanoseconds(elapsed ?? latest))
    }
}

extension Diagnostic {
    fileprivate static func casesMissing(_ recorded: RecordedRun) -> Diagnostic {
        let count = recorded.record.cases.map { ": \(recorded.undeclared) of its \($0) cases are missing" } ?? ""
        return Diagnostic(
            "cases-missing", "A log without all its cases",
            detail:
                "`\(recorded.path)` ends before all cases of its run are declared\(count). Which of them did not pass is "
                + "not known.",
            fix: "Run the suites again.", cause: .usage)
    }
}

extension UnreadableRecord {
    fileprivate static let noCase = UnreadableRecord(reason: "no case stands there")
}
