import FoundationEssentials
package import Language
package import Runtime

/// When a gate is tried again although results stand.
package enum Rerun: String, Sendable, Hashable, CaseIterable {
    /// Never: without results that stand, the gate stays open.
    case never
    /// When something changed that the result depends on, or the result is too old.
    case changed
    case always
}

/// What is to be done about one gate, given what is known of this state of the agent.
package enum GateDecision: Sendable, Hashable {
    /// It has passed, and that still holds.
    case passed(Evidence)
    /// It has failed: it stays so until something changes.
    case failed(Evidence)
    /// The suite has to run.
    case run
    /// It may not run, and nothing is known.
    case unknown

    /// Decides.
    ///
    /// Each evidence has the verdict of all samples up to it. A key that has failed stays failed, however often it is tried:
    /// else a gate could be rolled until luck passes it.
    /// - Parameters:
    ///   - evidence: All evidence under the key, in any order.
    ///   - maxAge: How old a passing result may be.
    ///   - now: Seconds since 1970.
    package init(of evidence: [Evidence], maxAge: Duration, rerun: Rerun, now: Int) {
        let ordered = evidence.sorted { ($0.at, $0.run) < ($1.at, $1.run) }
        let failures = ordered.filter(\.hasFailed)
        // A run whose own samples all passed has the verdict of those before it: nobody would find the failure there.
        if let failed = failures.last(where: { $0.samples.failed > 0 }) ?? failures.last {
            self = .failed(failed)
        } else if rerun != .always,
            let passed = ordered.last(where: { $0.verdict == Verdict.passed.rawValue && $0.stands(maxAge, now) })
        {
            self = .passed(passed)
        } else {
            self = rerun == .never ? .unknown : .run
        }
    }

    /// Decides about a suite that has just passed by what stood when it began: others may have added to it meanwhile, also to
    /// runs that stood there already.
    /// - Parameters:
    ///   - before: What stood when it began.
    ///   - all: What stands now, that of its own run among it where MLflow took it.
    ///   - own: The samples that its own run took; nil where it did not run.
    /// - Returns: Nil where nobody has added anything.
    package init?(
        after before: [Evidence], of all: [Evidence], taking own: Evidence.Samples?, maxAge: Duration, now: Int
    ) {
        self.init(of: all, maxAge: maxAge, rerun: .never, now: now)
        guard self == .unknown else { return }
        let added = all.filter { !before.contains($0) }
        // One may be that of its own run, which MLflow may lack.
        guard added.count > 1 || added.contains(where: { $0.samples != own }) else { return nil }
    }
}

extension Evidence {
    /// Whether it is not older than it may be.
    ///
    /// Older samples do not count any more: what the key cannot see, such as the weights behind a model's name, may have
    /// changed since.
    package func isFresh(_ maxAge: Duration, _ now: Int) -> Bool {
        Self.isFresh(at, maxAge, now)
    }

    /// Whether none of the samples that its verdict needs is older than it may be.
    func stands(_ maxAge: Duration, _ now: Int) -> Bool {
        isFresh(maxAge, now) && since.map { Self.isFresh($0, maxAge, now) } ?? true
    }

    private static func isFresh(_ at: String, _ maxAge: Duration, _ now: Int) -> Bool {
        guard let date = try? Date(at, strategy: .iso8601) else { return false }
        return now - Int(date.timeIntervalSince1970) <= Int(maxAge.components.seconds)
    }

    /// The evidence that a finished suite gives.
    /// - Parameters:
    ///   - isPart: Whether it is of a shard, and the suite has only the shard's cases.
    ///   - at: When the run began, ISO 8601 in UTC.
    ///   - run: MLflow's id of the evaluation run.
    package init(
        _ result: SuiteResult, of suite: TestSuite, isPart: Bool = false, _ standing: StandingEvidence, at: String,
        run: String
    ) {
        let (ids, earlier) = (suite.cases.map(\.id), standing.earlier)
        let verdict =
            isPart
            ? result.partVerdict(of: ids, suite.thresholds, after: earlier)
            : result.gateVerdict(of: ids, suite.thresholds, after: earlier)
        self.init(result, verdict, standing, at: at, run: run)
        since = result.standsSince(ids, after: earlier)
    }

    /// The same of a recorded run.
    /// - Throws: When its log cannot be read.
    package init(
        _ recorded: RecordedRun, ofSuite index: Int, _ standing: StandingEvidence, run: String
    ) throws(Diagnostic) {
        let result = recorded.run.suites[index]
        let ids = recorded.positions(ofSuite: index).map(recorded.id(of:))
        let (limits, earlier) = (try recorded.thresholds(ofSuite: index), standing.earlier)
        let verdict =
            recorded.run.shard != nil
            ? result.partVerdict(of: ids, limits, after: earlier)
            : result.gateVerdict(of: ids, limits, after: earlier)
        self.init(result, verdict, standing, at: recorded.record.startedAt, run: run)
        since = result.standsSince(ids, after: earlier)
    }

    /// Whether it counts: also a run that was cut off adds the samples that it took, so that none is tried again unseen.
    package var saysSomething: Bool {
        samples.count > 0 || hasFailed
    }

    /// What counts of it though something may have changed meanwhile: a failure does, also that of single samples where the
    /// run did not pass by itself, else a change would take it back; nil for nothing.
    /// - Parameter result: What the run found by itself.
    package func afterChange(in result: SuiteResult) -> Evidence? {
        let hasPassed = verdict == Verdict.passed.rawValue
        guard hasFailed || (samples.failed > 0 && !(hasPassed && result.verdict == .passed)) else { return nil }
        var failures = self
        failures.failuresOnly = true
        if hasPassed { failures.verdict = Verdict.inconclusive.rawValue }
        return failures
    }

    /// Whether it failed as a whole.
    package var hasFailed: Bool { verdict == Verdict.failed.rawValue }

    private init(
        _ result: SuiteResult, _ verdict: Verdict, _ standing: StandingEvidence, at: String, run: String
    ) {
        let cases = result.cases
        let again = cases.map { max(0, $0.attempts - 1) }.reduce(0, +)
        self.init(
            suite: result.suite, key: standing.key, samples: result.samples,
            attempts: cases.map(\.samples).reduce(0, +) + again, at: at, run: run,
            verdict: verdict.rawValue)
        logical = standing.logical
    }
}

extension SuiteResult {
    /// The samples that it took.
    package var samples: Evidence.Samples {
        Evidence.Samples(
            passed: cases.map(\.passed).reduce(0, +), failed: cases.map(\.failed).reduce(0, +),
            errors: cases.map(\.errors).reduce(0, +))
    }
}

extension [Evidence] {
    /// All that stands under the key of the newest result: a run that did not decide, or was cut off, takes no other key's place.
    package var underNewestKey: [Evidence] {
        let decided = filter { $0.verdict != Verdict.inconclusive.rawValue }
        let newest = (decided.isEmpty ? self : decided).max { ($0.at, $0.run) < ($1.at, $1.run) }
        return filter { $0.key == newest?.key }
    }
}

/// All that stands under the key of a gate: every attempt is counted, and no sample twice.
package struct GateHistory: Sendable, Hashable {
    package let runs: Int
    package let samples: Evidence.Samples

    package init(_ evidence: [Evidence]) {
        runs = evidence.count
        samples = evidence.reduce(Evidence.Samples(passed: 0, failed: 0, errors: 0)) {
            // Where only a joined run is known that holds more, these are at least so many.
            $0.adding($1.samples.without($1.samplesElsewhere))
        }
    }

    /// `20 samples in 2 runs: 18 passed, 1 failed, 1 error`; nil when there are none.
    package var told: String? {
        guard runs > 0 else { return nil }
        let places = runs == 1 ? "1 run" : "\(runs) runs"
        let count = samples.count == 1 ? "1 sample" : "\(samples.count) samples"
        return "\(count) in \(places): \(samples.passed) passed, \(samples.failed) failed, "
            + (samples.errors == 1 ? "1 error" : "\(samples.errors) errors")
    }
}
