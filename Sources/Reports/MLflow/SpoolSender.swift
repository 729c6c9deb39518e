import Engine
import FoundationEssentials
package import Language
import Runtime
package import Suites
package import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What is known of the runs in one spool while it is sent.
private struct Known {
    let suites: Set<String>
    /// By their paths, so that each is read once for all suites of its run.
    var logs: [String: Result<RecordedRun, any Error>] = [:]
    /// What the evidence of suites is kept under now, by their stack and names, where it was looked for: once for all spools.
    var keys: [[String]: [String: String]?]
    /// MLflow's ids of the experiments of their stack, where that had to be found out.
    var places: Set<String>?
    /// Whether what passed waits for somebody who can tell whether it counts.
    var isWaiting = false

    init(suites: Set<String>, keys: [[String]: [String: String]?]) {
        self.suites = suites
        self.keys = keys
    }
}

/// Sends what earlier runs could not publish.
package struct SpoolSender: Sendable {
    private let server: MLflowServer
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Int
    private let presentKeys: PresentKeys
    private let read: @Sendable (_ path: String) throws -> RecordedRun

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
    /// nobody can tell whether what passed in it counts.
    /// - Returns: The number of runs that were sent, and a warning for each that was not.
    package func sendAll(in directory: String) async -> (sent: Int, warnings: [Diagnostic]) {
        var sent = 0
        var warnings: [Diagnostic] = []
        var keys: [[String]: [String: String]?] = [:]
        for path in Spool.files(in: directory) {
            let descriptor = open(path, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            // A run that still goes on holds its own.
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, !Spool.isRemoved(descriptor) else { continue }
            do {
                guard let isDone = try await send(path, &warnings, &keys), isDone else { continue }
                unlink(path)
                sent += 1
            } catch {
                warnings.append(.notSent(path, because: Diagnostic.from(error, at: nil).detail))
                if (error as? WireError)?.isAway ?? false { break }
            }
        }
        return (sent, warnings)
    }

    /// - Parameters:
    ///   - warnings: Gets what could not be sent any more.
    ///   - keys: What was looked for before, and is now.
    /// - Returns: Whether nothing of it waits any longer; nil when it is for another server.
    private func send(
        _ path: String, _ warnings: inout [Diagnostic], _ keys: inout [[String]: [String: String]?]
    ) async throws -> Bool? {
        let bytes = try FileBytes.read(path, atMost: Spool.largestFile)
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        var runs: [String: (started: MLflowRun, entry: SpoolEntry.Run)] = [:]
        var prompts: [String: Value] = [:]
        for line in lines {
            // The last line of a run that was killed may be cut off.
            guard let entry = try? SpoolEntry(line: line), let run = entry.run else { continue }
            guard run.server == server.endpoint.base else { return nil }
            runs[run.suite] = (try await start(run), run)
        }
        let writer = try await MLflowTraceWriter.withWriter(
            to: server, queueLimit: .max, queueBytes: .max, clock: clock
        ) { writer in
            for line in lines {
                guard var spooled = (try? SpoolEntry(line: line))?.trace, let run = runs[spooled.suite] else {
                    continue
                }
                spooled.trace.runID = run.started.id
                if !spooled.trace.prompts.isEmpty { prompts[spooled.suite] = spooled.trace.promptLinks }
                writer.write(spooled.trace)
            }
        }
        if let problem = writer.tally.reason, problem.isAway { throw problem }
        var known = Known(suites: Set(runs.keys), keys: keys)
        defer { keys = known.keys }
        let settled = lines.compactMap { (try? SpoolEntry(line: $0))?.settled }
        for line in lines {
            guard let end = (try? SpoolEntry(line: line))?.end, let run = runs.removeValue(forKey: end.suite) else {
                continue
            }
            let said = settled.first { $0.suite == end.suite }
            try await finish(run.started, run.entry, with: end, prompts[end.suite])
            try await say(said?.evidence ?? end.evidence, run.entry, on: run.started, &known)
            if end.isOpen == true, said == nil {
                let warning = try await count(run.started, run.entry, &known).warning
                warnings += [warning].compactMap(\.self)
            }
            if let reason = try await sendReports(of: run.entry, in: end.log, on: run.started, &known) {
                warnings.append(.reportsNotSent(end.suite, because: reason))
            }
            try await server.updateRun(run.started.id, status: end.passed ? .finished : .failed, endTime: end.time)
        }
        for run in runs.values.sorted(by: { $0.entry.suite < $1.entry.suite }) {
            if let warning = try await endKilled(run.started, run.entry, &known) { warnings.append(warning) }
        }
        return !known.isWaiting
    }

    /// Ends the run of a suite that was killed. What it had found by then counts.
    /// - Returns: Why it does not, although it was to be evidence.
    private func endKilled(
        _ run: MLflowRun, _ entry: SpoolEntry.Run, _ known: inout Known
    ) async throws -> Diagnostic? {
        var (counts, warning) = try await count(run, entry, &known)
        if counts, let reason = try await sendReports(of: entry, in: entry.log, on: run, &known) {
            warning = .reportsNotSent(entry.suite, because: reason)
        }
        try await server.updateRun(run.id, status: .killed)
        return warning
    }

    /// Counts what a suite had found before the run was killed.
    /// - Returns: Whether it is evidence, and why it is not, although it was to be.
    private func count(
        _ run: MLflowRun, _ entry: SpoolEntry.Run, _ known: inout Known
    ) async throws -> (counts: Bool, warning: Diagnostic?) {
        guard let standing = entry.evidence else { return (false, nil) }
        guard !run.hasFailed(underKey: standing.key) else { return (true, nil) }
        do {
            let recorded = try log(of: entry, at: entry.log, &known)
            var (counts, warning): (Bool, Diagnostic?) = (false, nil)
            try await others(of: run, entry, standing, &known).add { others in
                guard let evidence = try await evidence(in: recorded, entry, standing, on: run, after: others) else {
                    return nil
                }
                let counted: Evidence?
                (counted, warning) = await self.counted(evidence, in: recorded, entry, &known)
                counts = counted != nil
                return counted
            }
            return (counts, warning)
        } catch let problem as Diagnostic {
            return (false, .killedUnknown(entry.suite, because: problem.detail))
        }
    }

    /// What stands where a suite adds its samples.
    private func others(
        of run: MLflowRun, _ entry: SpoolEntry.Run, _ standing: SpoolEntry.Standing, _ known: inout Known
    ) async throws -> OthersEvidence {
        var places = standing.places.map { Set($0) } ?? known.places
        if places == nil {
            places = try await server.evidencePlaces(ofStack: entry.tags[EvaluationRun.stackTag] ?? "")
            known.places = places
        }
        return OthersEvidence(
            server: server, key: standing.key, places: (places ?? []).union([entry.place.experimentID]), run: run)
    }

    /// What the log of a run tells, with the samples of the other runs under its key.
    /// - Returns: nil where nothing counts.
    private func evidence(
        in recorded: RecordedRun, _ entry: SpoolEntry.Run, _ standing: SpoolEntry.Standing, on run: MLflowRun,
        after others: [MLflowRun]
    ) async throws -> Evidence? {
        guard let index = recorded.index(of: entry) else { return nil }
        let parts = Set((entry.tags[Evidence.partsTag] ?? "").split(separator: " ").map(String.init))
        let samples = try await server.samples(
            of: others, underKey: standing.key, of: .seconds(standing.maxAge), besides: parts,
            now: entry.startTime / 1000)
        var evidence = try Evidence(recorded, ofSuite: index, standing.standing(after: samples), run: run.id)
        evidence.version = entry.place.modelURI
        return evidence.saysSomething ? evidence : nil
    }

    /// Says what a suite that had ended gives as evidence, with what other runs found before it was sent; as it was said where
    /// its log is gone. It may have failed by these on another try already, and stays so.
    private func say(
        _ said: Evidence?, _ entry: SpoolEntry.Run, on run: MLflowRun, _ known: inout Known
    ) async throws {
        guard let said, !run.hasFailed(underKey: said.key) else { return }
        guard let standing = entry.evidence, !said.hasFailed, said.failuresOnly != true,
            let recorded = try? log(of: entry, at: entry.log, &known)
        else { return try await server.logBatch(toRun: run.id, metrics: [], tags: said.tags(on: run)) }
        try await others(of: run, entry, standing, &known).add { others in
            do {
                return try await evidence(in: recorded, entry, standing, on: run, after: others) ?? said
            } catch is Diagnostic {
                return said
            }
        }
    }

    /// What counts of the evidence of a killed run: all, where what it tested is still the same, else what failed.
    /// - Returns: Nil for nothing; and why not all counts, where nobody has told that yet.
    private func counted(
        _ evidence: Evidence, in recorded: RecordedRun, _ entry: SpoolEntry.Run, _ known: inout Known
    ) async -> (Evidence?, Diagnostic?) {
        let failures = recorded.index(of: entry).flatMap { evidence.afterChange(in: recorded.run.suites[$0]) }
        if recorded.changed.contains(entry.suite) { return (failures, nil) }
        guard !recorded.hasEnded else { return (evidence, nil) }
        // A failure counts to its full extent, whatever has changed.
        guard !evidence.hasFailed else { return (failures, nil) }
        guard let keys = await keys(for: entry, &known) else {
            guard isWorthWaiting(entry) else { return (failures, .killedUnknown(entry.suite, because: Self.late)) }
            known.isWaiting = true
            return (failures, .killedWaits(entry.suite, of: entry.tags[EvaluationRun.stackTag] ?? ""))
        }
        guard keys[entry.suite] == evidence.key else {
            return (failures, .killedUnknown(entry.suite, because: Self.changed))
        }
        return (evidence, nil)
    }

    private static let late = "Nobody could tell whether what it tested was still the same, and it is too old by now."

    private static let changed =
        "Something has changed since it began that the answers or their verdicts depend on, so that only what failed counts."

    /// What the suites of a spool are kept under now, looked up once.
    private func keys(for entry: SpoolEntry.Run, _ known: inout Known) async -> [String: String]? {
        let stack = entry.tags[EvaluationRun.stackTag] ?? ""
        let asked = [stack] + known.suites.sorted()
        if let found = known.keys[asked] { return found }
        let found = await presentKeys(known.suites, stack)
        known.keys[asked] = .some(found)
        return found
    }

    /// Whether its samples would still be added to.
    private func isWorthWaiting(_ entry: SpoolEntry.Run) -> Bool {
        now() - entry.startTime / 1000 <= entry.evidence?.maxAge ?? 0
    }

    private func start(_ run: SpoolEntry.Run) async throws -> MLflowRun {
        let listed = try await server.runs(
            inExperiments: [run.place.experimentID], where: MLflowFilter.tag(run.keyTag, run.key))
        let mine = listed.filter { $0.tags[run.keyTag] == run.key }
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
        try await server.logInputs(toRun: started.id, dataset: run.dataset, modelID: run.place.modelID)
        return started
    }

    private func finish(
        _ run: MLflowRun, _ entry: SpoolEntry.Run, with end: SpoolEntry.End, _ prompts: Value?
    ) async throws {
        let metrics = end.metrics.sorted { $0.key < $1.key }.map { name, value in
            MLflowMetric(
                name, value, timestamp: end.time, modelID: entry.place.modelID, dataset: entry.dataset)
        }
        var tags = end.tags
        tags["mlflow.linkedPrompts"] = prompts?.canonicalJSON
        try await server.logBatch(toRun: run.id, metrics: metrics, tags: tags)
    }

    /// The log of a run.
    /// - Throws: What keeps it from being read: also that another run's stands there by now.
    private func log(
        of entry: SpoolEntry.Run, at path: String?, _ known: inout Known
    ) throws -> RecordedRun {
        guard let path else { throw Diagnostic.noLog }
        let log = known.logs[path] ?? Result { try read(path) }
        known.logs[path] = log
        let recorded = try log.get()
        guard recorded.record.id == entry.tags[Evidence.runTag] else { throw Diagnostic.noLog }
        return recorded
    }

    /// - Returns: Why they are not there, although all the rest is; nil when they are.
    /// - Throws: When MLflow is away again.
    private func sendReports(
        of entry: SpoolEntry.Run, in path: String?, on run: MLflowRun, _ known: inout Known
    ) async throws -> String? {
        do {
            let recorded = try log(of: entry, at: path, &known)
            try await EvaluationReports(of: entry.suite, in: recorded).put(on: run, at: server)
            return nil
        } catch let error as WireError where !error.isAway {
            return error.diagnostic().detail
        } catch let problem as Diagnostic {
            return problem.detail
        }
    }
}

extension RecordedRun {
    /// Where the suite of a spooled run is in its log.
    fileprivate func index(of entry: SpoolEntry.Run) -> Int? {
        run.suites.firstIndex { $0.suite == entry.suite }
    }
}

extension WireError {
    /// Whether the same may succeed later: with another token, when less is asked, or once the server is mended.
    var mayPass: Bool { status.map { [401, 403, 408, 429].contains($0) || $0 >= 500 } ?? false }

    /// Whether the server is unavailable at the moment.
    var isAway: Bool {
        switch cause {
        case .transport(.tls): false
        case .transport: true
        case .status(let status): [502, 503, 504].contains(status)
        case .unreadable, .stream: false
        }
    }
}

extension Diagnostic {
    fileprivate static var noLog: Diagnostic {
        Diagnostic("no-log", "No log", detail: "The run kept no log, or another run has taken its place.")
    }

    fileprivate static func killedWaits(_ suite: String, of stack: String) -> Diagnostic {
        Diagnostic(
            "killed-run-waits", "What passed in a killed run waits",
            detail:
                "An earlier run of the suite `\(suite)` was killed before it looked whether what it tested was still the "
                + "same, and here that cannot be found out: for now only its samples count that failed.",
            fix: "The next `drover test` or gate of the stack `\(stack)` looks for it.",
            severity: .warning, cause: .unavailable)
    }

    fileprivate static func killedUnknown(_ suite: String, because reason: String) -> Diagnostic {
        Diagnostic(
            "killed-run-unknown", "What a killed run found is not known",
            detail:
                "An earlier run of the suite `\(suite)` was killed, and not all samples that it had taken count as "
                + "evidence. \(reason)",
            fix: "Run the suite again where evidence is needed.", severity: .warning, cause: .unavailable)
    }

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
