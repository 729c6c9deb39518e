import Engine
import FoundationEssentials
package import Language
import Runtime
package import Suites
package import Wire

/// Sends what earlier runs could not publish.
package struct SpoolSender: Sendable {
    /// What is known of the runs in one spool while it is sent.
    struct Known {
        let suites: Set<String>
        /// By their paths, so that each is read once for all suites of its run.
        var logs: [String: Result<RecordedRun, any Error>] = [:]
        /// What the evidence of suites is kept under now, by their stack and names, where it was looked for: once for all
        /// spools.
        var keys: [[String]: [String: String]?]
        /// MLflow's ids of the experiments of their stack, where that had to be found out.
        var places: Set<String>?
        /// The suites where what passed waits for somebody who can tell whether it counts.
        var waiting: Set<String> = []

        init(suites: Set<String>, keys: [[String]: [String: String]?]) {
            self.suites = suites
            self.keys = keys
        }
    }

    /// What became of a spool.
    private enum Outcome {
        case sent
        /// All is there but what passed, for which somebody has to look whether it counts.
        case waits
        /// It is for another server.
        case elsewhere
    }

    let server: MLflowServer
    let clock: any Clock<Duration>
    let now: @Sendable () -> Int
    let presentKeys: PresentKeys
    let read: @Sendable (_ path: String) throws -> RecordedRun

    /// What the evidence of suites is kept under now, by suite: of those whose agents are applied as they are declared.
    /// Nil where that cannot be found out.
    package typealias PresentKeys = @Sendable (_ suites: Set<String>, _ stack: String) async -> [String: String]?

    /// - Parameters:
    ///   - read: Reads the log of a run.
    ///   - now: Seconds since 1970.
    ///   - presentKeys: Asked where a run was killed before it could look whether what it tested is still the same.
    package init(
        to server: MLflowServer, clock: any Clock<Duration> = ContinuousClock(),
        read: @escaping @Sendable (_ path: String) throws -> RecordedRun = { path in
            try RecordedRun.read(try SampleLog.read(path))
        },
        now: @escaping @Sendable () -> Int = { Int(Date().timeIntervalSince1970) },
        presentKeys: @escaping PresentKeys = { _, _ in nil }
    ) {
        self.server = server
        self.clock = clock
        self.now = now
        self.presentKeys = presentKeys
        self.read = read
    }

    /// Sends all spools in a folder that are for this server; what is sent is removed. That of a killed run stays while
    /// nobody can tell whether what passed in it counts, and so does one that MLflow refuses: both beside the others, whose
    /// place they do not take.
    /// - Returns: The number of runs that were sent, and a warning for each that was not.
    package func sendAll(in directory: String) async -> (sent: Int, warnings: [Diagnostic]) {
        var sent = 0
        var warnings: [Diagnostic] = []
        var keys: [[String]: [String: String]?] = [:]
        for path in Spool.files(in: directory) {
            var answered = false
            do {
                guard let file = try SpooledFile(path) else { continue }
                do {
                    switch try await send(file, &answered, &warnings, &keys) {
                    case .elsewhere: break
                    case .waits: file.setAside()
                    case .sent:
                        file.remove()
                        sent += 1
                    }
                } catch {
                    // Once MLflow has answered, what ails may be this spool alone: it comes last the next time.
                    if answered || !error.isAway { file.setAside() }
                    throw error
                }
            } catch {
                let unread = (error as? FileBytes.Failure).map { "\($0.reason)." }
                warnings.append(.notSent(path, because: unread ?? Diagnostic.from(error, at: nil).detail))
                if error.isAway, !answered { break }
            }
        }
        return (sent, warnings)
    }

    /// - Parameters:
    ///   - answered: Set once MLflow has answered.
    ///   - warnings: Gets what could not be sent any more.
    ///   - keys: What was looked for before, and is now.
    private func send(
        _ file: SpooledFile, _ answered: inout Bool, _ warnings: inout [Diagnostic],
        _ keys: inout [[String]: [String: String]?]
    ) async throws -> Outcome {
        let content = try file.content()
        guard content.runs.allSatisfy({ $0.server == server.endpoint.base }) else { return .elsewhere }
        var known = Known(suites: Set(content.runs.map(\.suite)), keys: keys)
        defer { keys = known.keys }
        var suites: [String: SpooledSuite] = [:]
        for entry in content.runs where !content.isWhole(entry.suite) {
            let begun = try await begun(entry)
            answered = true
            suites[entry.suite] = try await start(entry, begun, content)
        }
        try await sendTraces(of: &suites, in: file, &warnings)
        for end in content.ends {
            guard var suite = suites.removeValue(forKey: end.suite) else { continue }
            try await finish(&suite, with: end, settled: content.settled[end.suite], in: file, &known, &warnings)
        }
        for var suite in suites.values.sorted(by: { $0.entry.suite < $1.entry.suite }) {
            try await endKilled(&suite, in: file, &known, &warnings)
        }
        return known.waiting.isEmpty ? .sent : .waits
    }

    /// The runs that were started for a suite.
    private func begun(_ run: SpoolEntry.Run) async throws -> [MLflowRun] {
        let listed = try await server.runs(
            inExperiments: [run.place.experimentID], where: MLflowFilter.tag(run.keyTag, run.key))
        return listed.filter { $0.tags[run.keyTag] == run.key }
    }

    private func start(
        _ run: SpoolEntry.Run, _ mine: [MLflowRun], _ content: SpooledContent
    ) async throws -> SpooledSuite {
        // Of one whose creation was delivered twice, the one that has ended counts.
        let known = mine.first { $0.status != .running } ?? mine.first
        for twin in mine where twin.id != known?.id && twin.status == .running { try await server.deleteRun(twin.id) }
        let started: MLflowRun
        if let known {
            started = known
        } else {
            started = try await server.createRun(
                inExperiment: run.place.experimentID, name: run.suite, startTime: run.startTime, tags: run.tags)
        }
        let suite = SpooledSuite(run: started, entry: run, sent: content.sent)
        if !suite.isBegun {
            try await server.logInputs(toRun: started.id, dataset: run.dataset, modelID: run.place.modelID)
        }
        return suite
    }

    /// Ends the run of a suite that had ended before the rest of its run was lost.
    private func finish(
        _ suite: inout SpooledSuite, with end: SpoolEntry.End, settled: SpoolEntry.Settled?, in file: SpooledFile,
        _ known: inout Known, _ warnings: inout [Diagnostic]
    ) async throws {
        let metrics = end.metrics.sorted { $0.key < $1.key }.map { name, value in
            MLflowMetric(
                name, value, timestamp: end.time, modelID: suite.entry.place.modelID, dataset: suite.entry.dataset)
        }
        var tags = end.tags
        tags["mlflow.linkedPrompts"] = suite.prompts?.canonicalJSON
        try await server.logBatch(toRun: suite.run.id, metrics: metrics, tags: tags)
        try await say(settled?.evidence ?? end.evidence, suite.entry, on: suite.run, &known)
        if end.isOpen == true, settled == nil {
            let warning = try await count(suite.run, suite.entry, &known).warning
            warnings += [warning].compactMap(\.self)
        }
        let run = suite.run.id
        let reason = try await sendReports(of: &suite, in: end.log, file, &known) {
            try await server.updateRun(run, status: end.passed ? .finished : .failed, endTime: end.time)
        }
        if let reason { warnings.append(.reportsNotSent(end.suite, because: reason)) }
        suite.end(in: file, isWaiting: known.waiting.contains(end.suite))
    }

    /// Ends the run of a suite that was killed. What it had found by then counts; a warning tells why it does not, although it
    /// was to be evidence.
    private func endKilled(
        _ suite: inout SpooledSuite, in file: SpooledFile, _ known: inout Known, _ warnings: inout [Diagnostic]
    ) async throws {
        var (counts, warning) = try await count(suite.run, suite.entry, &known)
        let run = suite.run.id
        let end = { @Sendable in try await server.updateRun(run, status: .killed) }
        if counts {
            let reason = try await sendReports(of: &suite, in: suite.entry.log, file, &known, ending: end)
            if let reason { warning = .reportsNotSent(suite.entry.suite, because: reason) }
        } else {
            try await end()
        }
        suite.end(in: file, isWaiting: known.waiting.contains(suite.entry.suite))
        warnings += [warning].compactMap(\.self)
    }

    /// Sends the reports of a suite, once, and ends its run.
    /// - Returns: Why they are not there, although all the rest is; nil when they are.
    /// - Throws: When MLflow is away again, or refuses them for now: without them, samples that failed keep gates open.
    private func sendReports(
        of suite: inout SpooledSuite, in path: String?, _ file: SpooledFile, _ known: inout Known,
        ending end: () async throws -> Void
    ) async throws -> String? {
        var problem: String?
        if !suite.hasReports {
            do {
                let recorded = try log(of: suite.entry, at: path, &known)
                try await EvaluationReports(of: suite.entry.suite, in: recorded).put(on: suite.run, at: server)
            } catch let error as WireError where !error.isAway {
                if error.mayPass {
                    try await end()
                    throw error
                }
                problem = error.diagnostic().detail
            } catch let found as Diagnostic {
                problem = found.detail
            }
            suite.noteReports(in: file)
        }
        try await end()
        return problem
    }
}

extension Error {
    /// Whether the server is unavailable at the moment.
    fileprivate var isAway: Bool { (self as? WireError)?.isAway ?? false }
}

extension Diagnostic {
    fileprivate static func reportsNotSent(_ suite: String, because reason: String) -> Diagnostic {
        Diagnostic(
            "reports-not-sent", "Earlier reports are not in MLflow",
            detail:
                "Of an earlier run of the suite `\(suite)`, MLflow has traces and metrics, but no report, and nothing "
                + "to compare a later run with. \(reason)",
            fix: "Run the suite again where that is needed.", severity: .warning, cause: .unavailable)
    }

    fileprivate static func notSent(_ path: String, because reason: String) -> Diagnostic {
        Diagnostic(
            "not-sent", "Earlier results are not in MLflow",
            detail: "The results in `\(path)` could not be sent: \(reason)",
            fix: "The next `drover test` tries it again; delete the file when they are not wanted.",
            severity: .warning, cause: .unavailable)
    }
}
