package import Language
import Wire

/// The run, in the first line of a log.
package struct RunRecord: Sendable, Hashable, Codable {
    /// The version of the form of logs. Later versions of drover may add keys; it is incremented when one is removed or
    /// changes its meaning.
    static let format = 1

    /// Nil is 1.
    let format: Int?
    /// What it is called: `helpdesk-20260601-120000-3f2a`; nil for what is kept nowhere.
    package let id: String?
    package let stack: String
    /// Of drover: `1.0.0`.
    package let version: String
    /// ISO 8601 in UTC: `2026-06-01T12:00:00Z`.
    package let startedAt: String
    /// The address of the served agent that was asked instead of the stack's own agents; nil for these.
    package let target: String?
    /// The address of the MLflow that results are published to; nil for none.
    package let mlflow: String?
    /// The ids of the experiments there, by the names of suites.
    package let experiments: [String: String]?
    /// How results are shown there, by the names of suites.
    package let evaluations: [String: EvaluationRecord]?
    /// The ids of the shards that were joined to it, and of all runs that these went on with; nil for no joined run.
    package let parts: [String]?
    /// The paths of the spec's sources, in the order in which they were read.
    package let sources: [String]
    /// Digests of what was asked, by address: `agents.support`, `judges.grounded`.
    let versions: [String: String]?
    /// Nil for a whole run.
    package let shard: Shard?
    /// The run that it went on with.
    let resumed: String?
    /// That run and all that it went on with itself, the oldest first; nil for none, and in logs of earlier versions.
    let lineage: [String]?
    /// The suites during which something changed in runs that it went on with, so that what passes is no evidence; nil for none.
    let changed: [String]?
    /// How many finished samples of the run that it went on with it begins with; nil for none, and in logs of earlier versions.
    let kept: Int?
    /// How many cases are declared below; nil in logs of earlier versions.
    var cases: Int?

    /// - Parameter earlier: The run that it goes on with.
    package init(
        id: String? = nil, stack: String, version: String, startedAt: String, target: String? = nil,
        mlflow: String? = nil, evaluations: [String: EvaluationRecord]? = nil, sources: SourceMap,
        versions: [String: String] = [:], shard: Shard? = nil, resuming earlier: RecordedRun? = nil
    ) {
        format = Self.format
        self.id = id
        self.versions = versions.isEmpty ? nil : versions
        self.shard = shard
        resumed = earlier?.record.id
        lineage = earlier?.record.lineageIDs
        kept = earlier?.taken
        changed = earlier.flatMap { $0.changed.isEmpty ? nil : $0.changed.sorted() }
        self.stack = stack
        self.version = version
        self.startedAt = startedAt
        self.target = target
        self.mlflow = mlflow
        self.evaluations = evaluations
        experiments = evaluations?.mapValues(\.place.experimentID)
        parts = nil
        self.sources = sources.sources.map(\.path)
    }

    /// The ids of the runs whose samples it has kept, the oldest first.
    var ancestors: [String] { lineage ?? [resumed].compactMap(\.self) }

    /// The same with its own.
    package var lineageIDs: [String] { ancestors + [id].compactMap(\.self) }

    /// The run as a whole.
    /// - Parameters:
    ///   - shards: At least one.
    ///   - suites: The names of those that each of them ran.
    init(joining shards: [RunRecord], of suites: [Set<String>], as id: String, version: String) {
        let shard = shards[0]
        format = Self.format
        self.id = id
        versions = shard.versions
        self.shard = nil
        // What has changed in any of them stands at the end of its log.
        (resumed, lineage, changed, kept) = (nil, nil, nil, nil)
        stack = shard.stack
        self.version = version
        startedAt = shards.map(\.startedAt).min() ?? shard.startedAt
        target = shard.target
        // What some kept out of MLflow is not there as a whole.
        let places = Set(shards.map(\.mlflow))
        mlflow = places.count == 1 ? shard.mlflow : nil
        evaluations = mlflow == nil ? nil : shards.evaluations(of: suites)
        experiments = evaluations?.mapValues(\.place.experimentID)
        cases = shards.map(\.cases).reduce(0) { sum, count in sum.flatMap { sum in count.map { sum + $0 } } }
        parts = Set(shards.flatMap(\.lineageIDs)).sorted()
        sources = shard.sources
    }
}

extension [RunRecord] {
    /// Those of the suites that any of them shows. A suite is evidence only where each that ran it shows it: what was shown
    /// nowhere could have been tried again unseen.
    fileprivate func evaluations(of suites: [Set<String>]) -> [String: EvaluationRecord] {
        var all: [String: EvaluationRecord] = reduce(into: [:]) { all, run in
            all.merge(run.evaluations ?? [:]) { $0.joined(with: $1) }
        }
        for (run, names) in zip(self, suites) {
            for name in names where run.evaluations?[name] == nil { all[name] = all[name]?.withoutEvidence }
        }
        return all
    }
}

/// A suite as it was declared, without its cases.
struct SuiteRecord: Sendable, Hashable, Codable {
    let name: String
    let agent: String
    let experiment: String?
    let place: Place
    let thresholds: ThresholdsRecord
    /// What it is compared with, so that a report made from the log alone says the same.
    let baseline: Baseline?
    /// The SHA-256 of each table that it read, by its path.
    let tables: [String: String]?
    /// The judges that were asked, as they were then.
    let judges: [JudgeRecord]?

    init(_ suite: TestSuite, in sources: SourceMap) {
        name = suite.name
        agent = suite.agent
        experiment = suite.experiment
        place = Place(suite.range, in: sources)
        thresholds = ThresholdsRecord(suite.thresholds, in: sources)
        baseline = suite.baseline
        tables = suite.cases.tables.isEmpty ? nil : suite.cases.tables
        judges =
            suite.judges.isEmpty
            ? nil : suite.judges.sorted { $0.key < $1.key }.map { JudgeRecord($0.value) }
    }

    /// What was known of its judges, by their names.
    var calibrations: [String: Calibration] {
        let known = (judges ?? []).compactMap { judge in judge.calibration.map { (judge.name, $0) } }
        return Dictionary(known) { first, _ in first }
    }
}

/// The thresholds of a suite; durations in nanoseconds.
struct ThresholdsRecord: Sendable, Hashable, Codable {
    struct Limit<Value: Sendable & Hashable & Codable>: Sendable, Hashable, Codable {
        let value: Value
        let place: Place

        init(_ value: Value, at range: SourceRange, in sources: SourceMap) {
            self.value = value
            place = Place(range, in: sources)
        }

        func located(in sources: SourceMap) throws(UnreadableRecord) -> Located<Value> {
            Located(value, at: try sources.known(place))
        }
    }

    let passRate: Limit<Double>?
    let errorRate: Limit<Double>?
    let latencyP50: Limit<Int>?
    let latencyP95: Limit<Int>?
    let totalTokens: Limit<Int>?
    let maxDuration: Limit<Int>?
    let minCases: Limit<Int>?
    let noWorseThan: Limit<Thresholds.NoWorseThan>?

    init(_ thresholds: Thresholds, in sources: SourceMap) {
        passRate = thresholds.passRate.map { Limit($0.value, at: $0.range, in: sources) }
        errorRate = thresholds.errorRate.map { Limit($0.value, at: $0.range, in: sources) }
        latencyP50 = thresholds.latencyP50.map { Limit($0.value.nanoseconds, at: $0.range, in: sources) }
        latencyP95 = thresholds.latencyP95.map { Limit($0.value.nanoseconds, at: $0.range, in: sources) }
        totalTokens = thresholds.totalTokens.map { Limit($0.value, at: $0.range, in: sources) }
        maxDuration = thresholds.maxDuration.map { Limit($0.value.nanoseconds, at: $0.range, in: sources) }
        minCases = thresholds.minCases.map { Limit($0.value, at: $0.range, in: sources) }
        noWorseThan = thresholds.noWorseThan.map { Limit($0.value, at: $0.range, in: sources) }
    }

    func thresholds(in sources: SourceMap) throws(UnreadableRecord) -> Thresholds {
        func duration(_ limit: Limit<Int>) throws(UnreadableRecord) -> Located<Duration> {
            Located(.nanoseconds(limit.value), at: try sources.known(limit.place))
        }
        return Thresholds(
            passRate: try passRate?.located(in: sources), errorRate: try errorRate?.located(in: sources),
            latencyP50: try latencyP50.map(duration), latencyP95: try latencyP95.map(duration),
            totalTokens: try totalTokens?.located(in: sources), maxDuration: try maxDuration.map(duration),
            minCases: try minCases?.located(in: sources), noWorseThan: try noWorseThan?.located(in: sources))
    }
}

/// A case as it was declared, without its turns.
struct CaseRecord: Sendable, Hashable {
    struct Quarantine: Sendable, Hashable, Codable {
        let until: String
        let reason: String
        let place: Place
    }

    let id: String
    let name: String
    /// Where it stands among all cases of the suite, from 0; nil in older logs.
    let index: Int?
    /// Of the case as declared; nil in older logs.
    let digest: String?
    let place: Place
    let labels: [String: String]?
    let samples: Int
    /// Missing where a test decides.
    let atLeast: Int?
    let test: SequentialTest?
    /// The samples that count beside those of the run; nil where it takes all by itself.
    let standing: Repetition.Standing?
    let quarantine: Quarantine?

    init(_ testCase: TestCase, at index: Int, in sources: SourceMap) {
        id = testCase.id.description
        self.index = index
        digest = testCase.digest
        name = testCase.name
        place = Place(testCase.range, in: sources)
        labels = testCase.labels.isEmpty ? nil : testCase.labels
        samples = testCase.repetition.samples
        atLeast = testCase.repetition.atLeast
        test = testCase.repetition.test
        standing = testCase.repetition.standing
        quarantine = testCase.quarantine.map {
            Quarantine(until: $0.until.description, reason: $0.reason, place: Place($0.range, in: sources))
        }
    }

    var tally: CaseTally {
        CaseTally(repetition, decides: quarantine == nil)
    }

    private var repetition: Repetition {
        (test.map { Repetition($0) } ?? Repetition(samples: samples, atLeast: atLeast ?? samples)).after(standing)
    }

    func result(
        _ taken: [Sample], notRun: Diagnostic?, in sources: SourceMap
    ) throws(UnreadableRecord) -> CaseResult {
        CaseResult(
            id: try CaseID(recorded: id), name: name, range: try sources.known(place), labels: labels ?? [:],
            repetition: repetition,
            quarantine: try quarantine.map { recorded throws(UnreadableRecord) in
                guard let until = CalendarDay(recorded.until) else {
                    throw UnreadableRecord(reason: "`\(recorded.until)` is no day")
                }
                return Suites.Quarantine(
                    until: until, reason: recorded.reason, range: try sources.known(recorded.place))
            },
            samples: taken, notRun: notRun)
    }
}

extension CaseID {
    init(recorded text: String) throws(UnreadableRecord) {
        guard let id = CaseID(text) else { throw UnreadableRecord(reason: "`\(text)` is no case") }
        self = id
    }
}
