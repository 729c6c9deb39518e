import Language
import Runtime
import Suites
import Wire

/// What the runs in a spool give as evidence.
extension SpoolSender {
    /// Counts what a suite had found before the run was killed.
    /// - Returns: Whether it is evidence, and why it is not, although it was to be.
    func count(
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
    func say(
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
            known.waiting.insert(entry.suite)
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

    /// The log of a run.
    /// - Throws: What keeps it from being read: also that another run's stands there by now.
    func log(
        of entry: SpoolEntry.Run, at path: String?, _ known: inout Known
    ) throws -> RecordedRun {
        guard let path else { throw Diagnostic.noLog }
        let log = known.logs[path] ?? Result { try read(path) }
        known.logs[path] = log
        let recorded = try log.get()
        guard recorded.record.id == entry.tags[Evidence.runTag] else { throw Diagnostic.noLog }
        return recorded
    }
}

extension RecordedRun {
    /// Where the suite of a spooled run is in its log.
    fileprivate func index(of entry: SpoolEntry.Run) -> Int? {
        run.suites.firstIndex { $0.suite == entry.suite }
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
}
