import Language
package import Runtime

/// The samples that earlier runs took under one key of evidence, case by case. Those of a further run are added to them.
package struct EarlierSamples: Sendable, Hashable {
    /// By the ids of cases without the suite: the key says which one it is, also once it is called otherwise.
    private var counts: [String: Evidence.Samples] = [:]
    /// When the oldest run began that took samples of a case.
    private var oldest: [String: String] = [:]
    /// How many runs they are of.
    package private(set) var runs = 0
    /// How many samples failed that cannot be read: nobody knows of which cases.
    package private(set) var unseenFailures = 0

    package init() {}

    /// Notes a run whose samples cannot be read.
    package mutating func miss(failures: Int) {
        unseenFailures += failures
    }

    /// Adds those of one run.
    /// - Parameters:
    ///   - failuresOnly: Whether those that passed are left out.
    ///   - shared: Runs whose samples are among them, and count elsewhere.
    package mutating func add(_ file: VerdictsFile, failuresOnly: Bool = false, besides shared: [VerdictsFile] = []) {
        runs += 1
        let elsewhere = shared.reduce(into: EarlierSamples()) { $0.add($1) }.counts
        for each in file.cases {
            let name = CaseID(each.id)?.inSuite ?? each.id
            let own = elsewhere[name].map { each.counts.without($0) } ?? each.counts
            let samples = Evidence.Samples(
                passed: failuresOnly ? 0 : own.passed, failed: own.failed, errors: own.errors)
            counts[name] = counts[name]?.adding(samples) ?? samples
            if samples.passed + samples.failed > 0 {
                oldest[name] = min(oldest[name] ?? file.startedAt, file.startedAt)
            }
        }
    }

    func samples(of id: CaseID) -> Evidence.Samples {
        counts[id.inSuite] ?? Evidence.Samples(passed: 0, failed: 0, errors: 0)
    }

    /// When the oldest run began whose samples of some cases count.
    func oldest(of ids: [CaseID]) -> String? {
        ids.compactMap { oldest[$0.inSuite] }.min()
    }
}

extension VerdictsFile.Case {
    fileprivate var counts: Evidence.Samples {
        func count(_ verdict: SampleVerdict) -> Int { samples.count { $0.verdict == verdict } }
        return Evidence.Samples(passed: count(.passed), failed: count(.failed), errors: count(.error))
    }
}

extension Evidence.Samples {
    package var count: Int { passed + failed + errors }
}

/// What the results of a suite are kept under as evidence, and what stands there already.
package struct StandingEvidence: Sendable, Hashable {
    package let key: String
    /// The logical digest of the agent; nil when only the key is known.
    package let logical: String?
    /// How old samples may be to be added to.
    package let maxAge: Duration
    package let earlier: EarlierSamples
    /// MLflow's ids of the experiments where it may stand, beside that of the suite.
    package var places: [String] = []
    /// Whether a run has failed under the key, which nothing takes back.
    package var hasFailed = false

    package init(
        key: String, logical: String? = nil, maxAge: Duration = Evidence.standardAge, earlier: EarlierSamples
    ) {
        self.key = key
        self.logical = logical
        self.maxAge = maxAge
        self.earlier = earlier
    }

    /// The same with other samples.
    package func after(_ earlier: EarlierSamples) -> StandingEvidence {
        var standing = StandingEvidence(key: key, logical: logical, maxAge: maxAge, earlier: earlier)
        (standing.places, standing.hasFailed) = (places, hasFailed)
        return standing
    }
}

extension SuiteResult {
    /// The verdict for a gate: a suite of which no case decides, or none was found out, says nothing.
    ///
    /// Cases are judged, and compared with a baseline, by all samples that stand under the key; those that ended in an error
    /// are no evidence. What a threshold says of a run as a whole, such as its errors, its latency or its budget, each run has
    /// to keep by itself.
    package func gateVerdict(of suite: TestSuite, after earlier: EarlierSamples) -> Verdict {
        gateVerdict(of: suite.cases.map(\.id), suite.thresholds, after: earlier)
    }

    /// One line for a history: `golden: failed, 6 passed, 1 failed, 0 inconclusive`.
    package var line: String { "\(suite): \(verdict.rawValue), \(Counts(cases).text)" }

    /// The same with the verdict that a gate has by now, and the cases by all samples that stand.
    package func line(of suite: TestSuite, after standing: StandingEvidence) -> String {
        let verdict = standing.hasFailed ? .failed : gateVerdict(of: suite, after: standing.earlier)
        let whole = tallies(of: suite.cases.map(\.id), after: standing.earlier)
        return "\(self.suite): \(verdict.rawValue), \(Counts(whole).text)"
    }

    /// Why a gate does not pass, each as a part of a sentence: by all samples that stand, and not by those of the run alone.
    package func gateReasons(of suite: TestSuite, after earlier: EarlierSamples) -> [String] {
        let ids = suite.cases.map(\.id)
        let missed = outcomes(of: ids, suite.thresholds, after: earlier).filter { $0.verdict != .passed }
        return missed.map { "\($0.name): \($0.wanted), and \($0.actual)" } + gaps(of: ids, after: earlier)
    }

    /// The verdict for a gate.
    /// - Parameter ids: Those of the cases, in their order.
    func gateVerdict(of ids: [CaseID], _ limits: Thresholds, after earlier: EarlierSamples) -> Verdict {
        guard cases.contains(where: \.decides) else { return .inconclusive }
        let open = gaps(of: ids, after: earlier).map { _ in Verdict.inconclusive }
        return .worst(of: outcomes(of: ids, limits, after: earlier).map(\.verdict) + open)
    }

    /// The outcomes of its thresholds, of which those that all samples decide are by all that stand.
    private func outcomes(
        of ids: [CaseID], _ limits: Thresholds, after earlier: EarlierSamples
    ) -> [ThresholdOutcome] {
        guard earlier != EarlierSamples() || cases.contains(where: \.isBesideStanding) else { return thresholds }
        let whole = tallies(of: ids, after: earlier)
        let summed = [limits.passRateOutcome(whole.filter(\.decides)), noWorseThan(limits, whole)].compactMap(\.self)
        return summed + thresholds.filter { outcome in !summed.contains { $0.name == outcome.name } }
    }

    /// What keeps it from passing whatever its thresholds say, as parts of a sentence.
    private func gaps(of ids: [CaseID], after earlier: EarlierSamples) -> [String] {
        guard cases.contains(where: \.decides) else { return ["no case of it decides"] }
        var gaps: [String] = []
        // Else a run that found out nothing would make old samples new, or pass where any rate does.
        if !cases.contains(where: { $0.decides && $0.passed + $0.failed > 0 }) {
            gaps.append("no sample of a case that decides could be judged")
        }
        // What was left out because it stood may be too old by now, or not to be read.
        let gone = zip(cases, tallies(of: ids, after: earlier)).count {
            $0.decides && $0.repetition.wanted == 0 && $1.verdict == .inconclusive
        }
        if gone > 0 {
            gaps.append("\(gone.counting("case")) stood by samples of earlier runs that do not count any more")
        }
        let unseen = earlier.unseenFailures
        if unseen > 0 { gaps.append("of \(unseen.counting("failed sample")) of earlier runs the case cannot be read") }
        let missing = cases.count(where: \.isMissingSamples)
        if missing > 0 { gaps.append("samples of \(missing) of \(cases.count) cases are missing") }
        return gaps
    }

    /// The verdict of a part of a suite: failed where all cases of the suite must pass, and one of these has failed for
    /// certain; else it is open, for the other parts decide too.
    func partVerdict(of ids: [CaseID], _ limits: Thresholds, after earlier: EarlierSamples) -> Verdict {
        guard limits.passRate?.value ?? 1 >= 1 else { return .inconclusive }
        let outcome = limits.passRateOutcome(tallies(of: ids, after: earlier).filter(\.decides))
        return outcome.verdict == .failed ? .failed : .inconclusive
    }

    /// The comparison with the baseline by all samples; nil where none is wanted.
    private func noWorseThan(_ limits: Thresholds, _ whole: [CaseTally]) -> ThresholdOutcome? {
        limits.noWorseThan.map { limit in
            let all = comparison.map { SuiteComparison(suite, $0.baseline, $0.cases.map(\.before), whole) }
            return limit.value.outcome(all, at: limit.range)
        }
    }

    /// When the oldest run began that it needs: it took only what was missing, or does not pass by its own samples; nil where
    /// it does.
    func standsSince(_ ids: [CaseID], after earlier: EarlierSamples) -> String? {
        earlier.oldest(
            of: zip(ids, cases).filter { $1.decides && ($1.isBesideStanding || verdict != .passed) }.map(\.0))
    }

    /// Its cases with their earlier samples.
    private func tallies(of ids: [CaseID], after earlier: EarlierSamples) -> [CaseTally] {
        zip(ids, cases).map { id, tally in tally.adding(earlier.samples(of: id)) }
    }
}
