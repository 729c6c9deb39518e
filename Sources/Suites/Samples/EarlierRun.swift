package import Language

/// A run that another one goes on with: what it finished is kept, and the rest is run.
package struct EarlierRun: Sendable {
    private let recorded: RecordedRun
    /// The sources of the run that goes on.
    private let sources: SourceMap

    /// - Parameters:
    ///   - run: The run that goes on.
    ///   - suites: All that it would run.
    /// - Throws: `Diagnostic` with what differs, when it is not the same; also when it lacks samples that it was to keep itself.
    package init(
        _ recorded: RecordedRun, for run: RunRecord, _ suites: [TestSuite], in sources: SourceMap
    ) throws(Diagnostic) {
        guard recorded.lost == 0 else { throw .notTakenOver(recorded) }
        self.recorded = recorded
        self.sources = sources
        // Another shard has other cases: each of them would only say so again.
        let isSameShard = recorded.record.shard == run.shard
        let differences = recorded.record.differences(from: run) + (isSameShard ? try caseDifferences(suites) : [])
        guard differences.isEmpty else { throw .anotherRun(recorded.record, differences, isSameShard: isSameShard) }
    }

    /// How long it ran, as far as it is known.
    package var duration: Duration { recorded.run.duration }

    /// Reports what it finished. A sample that was cut off after it had changed something is not taken again.
    /// - Parameter onChange: Called for each such sample, before all else, so that whoever goes on with that run knows it, too.
    func keep(
        _ suites: [TestSuite], in progress: inout SuiteProgress,
        onChange: (CaseID, _ number: Int, _ tool: String) -> Void, onEvent: (SuiteEvent) throws -> Void
    ) throws {
        for id in recorded.casesWithChanges {
            for (number, tool) in recorded.changes(in: id) { onChange(id, number, tool) }
        }
        for (suiteIndex, suite) in suites.enumerated() {
            for (caseIndex, testCase) in suite.cases.enumerated() {
                guard let position = recorded.position(of: testCase.id) else { continue }
                func unit(_ number: Int) -> SuiteProgress.Unit {
                    SuiteProgress.Unit(
                        suite: suiteIndex, testCase: caseIndex, sample: number - 1, id: testCase.id)
                }
                for finished in try recorded.finished(of: position, in: sources) {
                    progress.keep(unit(finished.number), .success(finished), elapsed: finished.elapsed)
                    try progress.takeEvents().forEach(onEvent)
                }
                for (number, tool) in recorded.changes(in: testCase.id) {
                    progress.keep(unit(number), .failure(.cutOff(testCase, after: tool)), elapsed: duration)
                }
            }
        }
        try progress.takeEvents().forEach(onEvent)
    }

    private func caseDifferences(_ suites: [TestSuite]) throws(Diagnostic) -> [String] {
        var earlier = try recorded.digests()
        var differences: [String] = []
        for testCase in suites.lazy.flatMap(\.cases) {
            guard let digest = earlier.removeValue(forKey: testCase.id) else {
                differences.append("`\(testCase.id)` was not in it")
                continue
            }
            if digest != testCase.digest { differences.append("`\(testCase.id)` has changed") }
        }
        let gone = earlier.keys.map(\.description).sorted().map { "`\($0)` is not among the cases now" }
        return differences + gone
    }
}

extension RunRecord {
    /// What is another in a second run, as parts of a sentence.
    fileprivate func differences(from other: RunRecord) -> [String] {
        guard stack == other.stack else { return ["it was of the stack `\(stack)`"] }
        var differences: [String] = []
        if target != other.target {
            differences.append("it asked \(target.map { "`\($0)`" } ?? "the stack's own agents")")
        }
        if shard != other.shard { differences.append("it was \(shard.map { "the shard \($0)" } ?? "no shard")") }
        if sources != other.sources {
            differences.append("its spec was read from \(sources.map { "`\($0)`" }.joined(separator: ", "))")
        }
        let (mine, others) = (versions ?? [:], other.versions ?? [:])
        for name in Set(mine.keys).intersection(others.keys).sorted()
        where name != "cases" && mine[name] != others[name] {
            differences.append("`\(name)` is another version now")
        }
        let (keys, otherKeys) = (evidenceKeys, other.evidenceKeys)
        for suite in keys.keys.sorted() where otherKeys[suite] != nil && keys[suite] != otherKeys[suite] {
            differences.append(
                "its samples of `\(suite)` count as evidence of something else: the agent with all that it needs, the suite "
                    + "with its thresholds and what it reads, its judges or the servers are others now")
        }
        return differences
    }

    /// What the results of suites count under as evidence, by the names of those where they do.
    private var evidenceKeys: [String: String] {
        (evaluations ?? [:]).compactMapValues(\.key)
    }
}

extension Diagnostic {
    fileprivate static func anotherRun(
        _ run: RunRecord, _ differences: [String], isSameShard: Bool
    ) -> Diagnostic {
        let choice = run.shard == nil ? "Ask for all cases at once" : "Ask for that shard"
        let some = differences.prefix(8).joined(separator: "; ")
        let rest = differences.count > 8 ? "; and \(differences.count - 8) more" : ""
        return Diagnostic(
            "another-run", "The run is another one",
            detail: "The run\(run.id.map { " `\($0)`" } ?? "") of \(run.startedAt) cannot go on: \(some)\(rest).",
            fix: isSameShard
                ? "Ask for the same suites and cases of the same spec and agents, or start a new run."
                : "\(choice), with the same spec and agents, or start a new run.", cause: .usage)
    }

    /// Of a run that has to be left aside: what it lacks would be tried again, whatever it was.
    static func notTakenOver(_ recorded: RecordedRun) -> Diagnostic {
        let (kept, earlier) = (recorded.record.kept ?? 0, recorded.record.ancestors.last)
        return Diagnostic(
            "not-taken-over", "A run without what it was to keep",
            detail:
                "`\(recorded.path)` is of a run that was cut off while it took over what \(earlier.map { "`\($0)`" } ?? "another") "
                + "had finished: \(recorded.lost) of \(kept) \(kept == 1 ? "sample is" : "samples are") not in it.",
            fix: "Go on with \(earlier.map { "the run `\($0)`" } ?? "that run") itself.", cause: .usage)
    }

    fileprivate static func cutOff(_ testCase: TestCase, after tool: String) -> Diagnostic {
        Diagnostic(
            "not-repeated", "Cut off, and not tried again",
            detail:
                "A conversation of `\(testCase.id)` was cut off after it had called `\(tool)`, which may have changed "
                + "something.",
            fix:
                "Look what it has done, and run the case again by itself. With `effect: reads`, a tool is known to change "
                + "nothing.",
            at: testCase.range.firstLine, address: testCase.id.description, cause: .inconclusive)
    }
}
