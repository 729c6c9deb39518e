package import Language

/// A run read from its log, which reports fold over. Its numbers are in memory, its cases are read on demand.
package struct RecordedRun: Sendable {
    /// The index of a case in the order of declaration, from 0.
    package struct Position: Sendable, Hashable {
        package let suite: Int
        package let testCase: Int
    }

    package let run: Run
    /// The sources that the ranges in results refer to.
    package let sources: SourceMap
    /// As its log begins.
    package let record: RunRecord
    private let log: SampleLog
    private let suites: [RunIndex.Suite]

    init(_ log: SampleLog, _ index: RunIndex, in sources: SourceMap) throws(Diagnostic) {
        guard let run = index.run else { throw log.unreadable(at: 0, UnreadableRecord(reason: "no run begins there")) }
        self.log = log
        self.sources = sources
        suites = index.suites
        record = run
        do throws(UnreadableRecord) {
            let latest = index.latest
            let results = try index.suites.map { suite throws(UnreadableRecord) in
                try suite.result(latest: latest, in: sources)
            }
            self.run = Run(
                stack: run.stack, version: run.version, startedAt: run.startedAt, target: run.target,
                duration: .nanoseconds(index.duration ?? latest), suites: results)
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

    /// All cases of a suite, in declaration order.
    package func positions(ofSuite suite: Int) -> [Position] {
        suites[suite].cases.indices.map { Position(suite: suite, testCase: $0) }
    }

    /// The SHA-256 of each table that a suite read, by its path.
    package func tables(ofSuite suite: Int) -> [String: String] {
        suites[suite].record.tables ?? [:]
    }

    /// The numbers of a case's samples.
    package func tally(of position: Position) -> CaseTally {
        run.suites[position.suite].cases[position.testCase]
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
        let id = try declaration(of: position).id.description
        return lines + [try RunRecorder.line(of: .notRun(LogEntry.NotRun(testCase: id, reason: reason))).dropLast()]
    }

    /// A run with only one of its suites, whose duration is the sum of its samples.
    package func only(suite: Int) -> RecordedRun {
        let result = run.suites[suite]
        return RecordedRun(
            run: Run(
                stack: run.stack, version: run.version, startedAt: run.startedAt, target: run.target,
                duration: result.cases.map(\.totalLatency).reduce(.zero, +), suites: [result]),
            sources: sources, record: record, log: log, suites: [suites[suite]])
    }

    private init(
        run: Run, sources: SourceMap, record: RunRecord, log: SampleLog, suites: [RunIndex.Suite]
    ) {
        self.run = run
        self.sources = sources
        self.record = record
        self.log = log
        self.suites = suites
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
    fileprivate func result(latest: Int, in sources: SourceMap) throws(UnreadableRecord) -> SuiteResult {
        SuiteResult(
            suite: record.name, agent: record.agent, range: try sources.known(record.place),
            thresholds: try record.thresholds.thresholds(in: sources), tally, baseline: record.baseline,
            elapsed: .nanoseconds(elapsed ?? latest))
    }
}

extension UnreadableRecord {
    fileprivate static let noCase = UnreadableRecord(reason: "no case stands there")
}
