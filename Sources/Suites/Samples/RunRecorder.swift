package import Language
import Synchronization

/// Writes the log of a run while suites run.
package final class RunRecorder: Sendable {
    fileprivate struct State {
        var index = RunIndex()
        var quoter: LineQuoter
        /// The lines already written, by the path of their source.
        var quoted: [String: Set<UInt32>] = [:]
    }

    private let log: SampleLog
    private let sources: SourceMap
    private let state: Mutex<State>

    /// Starts a log with the declarations of the run.
    /// - Parameter sources: The sources that all ranges refer to.
    package init(
        _ run: RunRecord, _ suites: [TestSuite], in sources: SourceMap, to log: SampleLog
    ) throws(Diagnostic) {
        self.log = log
        self.sources = sources
        var begun = State(quoter: LineQuoter(sources))
        var run = run
        run.cases = suites.map(\.cases.count).reduce(0, +)
        try log.collecting { lines throws(Diagnostic) in
            try begun.add(.run(run), to: &lines, in: sources)
            for suite in suites {
                try begun.add(.suite(SuiteRecord(suite, in: sources)), to: &lines, in: sources)
                for (index, testCase) in suite.cases.enumerated() {
                    let record = CaseRecord(testCase, at: suite.cases.place(of: index), in: sources)
                    try begun.add(.testCase(record), to: &lines, in: sources)
                }
            }
        }
        state = Mutex(begun)
    }

    /// Writes an event. Events come in order.
    func take(_ event: SuiteEvent) throws(Diagnostic) {
        switch event {
        case .started, .sampleStarted: break
        case .sampleFinished(let finished): try write(finished)
        case .caseFinished(let id, _, let notRun):
            guard let notRun else { break }
            let reason = DiagnosticRecord(notRun, in: sources)
            try write(.notRun(LogEntry.NotRun(testCase: id.description, reason: reason)))
        case .suiteFinished(let result):
            try write(.suiteEnd(LogEntry.SuiteEnd(suite: result.suite, elapsed: result.elapsed.nanoseconds)))
        }
    }

    /// Writes that the conversation of a sample calls a tool that changes something.
    func note(changeBy tool: String, in id: CaseID, _ number: Int) {
        let change = LogEntry.Change(testCase: id.description, number: number, tool: tool)
        // Where the log cannot be written, the sample that follows says so.
        try? write(.change(change))
    }

    /// Writes the end of the run.
    /// - Parameter changed: The suites during which something has changed that their evidence depends on.
    /// - Returns: The recorded run.
    package func end(after duration: Duration, changed: Set<String> = []) throws(Diagnostic) -> RecordedRun {
        try write(.end(LogEntry.End(duration: duration.nanoseconds, changed: changed.isEmpty ? nil : changed.sorted())))
        return try recorded
    }

    /// The recorded run so far.
    package var recorded: RecordedRun {
        get throws(Diagnostic) {
            try RecordedRun(log, state.withLock { $0.index }, in: sources)
        }
    }

    /// What was recorded so far of one suite, as a run with only that suite; with none where no suite has that name.
    /// The time it takes does not grow with the number of suites.
    package func recorded(suite name: String) throws(Diagnostic) -> RecordedRun {
        try RecordedRun(log, state.withLock { $0.index.only(suite: name) }, in: sources)
    }

    /// The id of the run; nil where it has none.
    package var runID: String? { state.withLock { $0.index.run?.id } }

    /// The path of the log.
    package var path: String { log.path }

    private func write(_ finished: FinishedSample) throws(Diagnostic) {
        let entry = LogEntry.sample(SampleRecord(finished, in: sources))
        try write(entry) { (index, span) throws(UnreadableRecord) in
            try index.take(
                finished.sample, of: finished.id, finished.number, elapsed: finished.elapsed.nanoseconds, at: span)
        }
    }

    private func write(_ entry: LogEntry) throws(Diagnostic) {
        try write(entry) { (index, span) throws(UnreadableRecord) in
            try index.take(entry, at: span, in: sources)
        }
    }

    private func write(
        _ entry: LogEntry, _ take: (inout RunIndex, SampleLog.Span) throws(UnreadableRecord) -> Void
    ) throws(Diagnostic) {
        let written = state.withLock { state -> Result<Void, Diagnostic> in
            do throws(Diagnostic) {
                let quoted = try state.quotedLines(before: entry, in: sources)
                let span = try log.append(try Self.line(of: entry), after: quoted)
                do throws(UnreadableRecord) {
                    try take(&state.index, span)
                } catch {
                    throw log.unreadable(at: span.start, error)
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try written.get()
    }

    /// UTF-8 with a line break.
    static func line(of entry: LogEntry) throws(Diagnostic) -> [UInt8] {
        do {
            return try entry.line
        } catch {
            throw Diagnostic(
                "unexpected-error", "Unexpected error",
                detail: "A sample could not be written as JSON: \(error). This is a bug in drover.",
                fix: "Report it together with the spec.", cause: .unexpected)
        }
    }
}

extension RunRecorder.State {
    /// Adds a declaration to the lines that are written together.
    fileprivate mutating func add(
        _ entry: LogEntry, to lines: inout SampleLog.Lines, in sources: SourceMap
    ) throws(Diagnostic) {
        let quoted = try quotedLines(before: entry, in: sources)
        let span = try lines.append(try RunRecorder.line(of: entry), after: quoted)
        do throws(UnreadableRecord) {
            try index.take(entry, at: span, in: sources)
        } catch {
            throw lines.log.unreadable(at: span.start, error)
        }
    }

    /// The lines of the sources that an entry is the first to point to, as they are written before it.
    fileprivate mutating func quotedLines(before entry: LogEntry, in sources: SourceMap) throws(Diagnostic) -> [UInt8] {
        var quoted: [UInt8] = []
        for line in newLines(in: sources, of: entry.places) { quoted += try RunRecorder.line(of: .line(line)) }
        return quoted
    }

    /// The lines of places that were not written yet.
    private mutating func newLines(in sources: SourceMap, of places: [Place]) -> [LogEntry.Line] {
        places.compactMap { place in
            guard quoted[place.path, default: []].insert(place.start.line).inserted,
                let range = sources.range(of: place)
            else { return nil }
            return LogEntry.Line(path: place.path, number: place.start.line, text: quoter.firstLine(of: range))
        }
    }
}
