import FoundationEssentials
package import Language
import Runtime
package import Suites
package import Wire

/// One suite as a run of MLflow: started before its first trace is written, ended with the metrics of its samples.
struct EvaluationRun: Sendable {
    /// The tag by which a run is found again when the answer to its creation was lost.
    static let keyTag = "drover.evaluation"

    /// The tag with the name of the stack, of its runs and of its experiments.
    static let stackTag = "drover.stack"

    /// The tag of a run of chosen cases, or of those that lacked samples, which is no baseline unless somebody names it.
    static let partTag = "drover.part"

    /// The tag of a run that was cut off, or left samples out for another reason, which is no baseline.
    static let unfinishedTag = "drover.unfinished"

    let server: MLflowServer
    let suite: TestSuite
    let place: MLflowPlace
    let context: EvaluationContext
    /// The cases whose verdicts do not count.
    let quarantined: Set<CaseID>
    private let dataset: MLflowRunDataset

    init(server: MLflowServer, suite: TestSuite, place: MLflowPlace, context: EvaluationContext) {
        self.server = server
        self.suite = suite
        self.place = place
        self.context = context
        quarantined = Set(suite.cases.lazy.filter { $0.quarantine != nil }.map(\.id))
        dataset = MLflowRunDataset(asking: suite, at: context.sources[suite.range.source].path)
    }

    /// Creates the run with its dataset and model; if it was started before, uses that one.
    func begin() async throws -> MLflowRun {
        let run = try await created()
        try await server.logInputs(toRun: run.id, dataset: dataset, modelID: place.modelID)
        return run
    }

    /// As it is kept until MLflow has it.
    var spooled: SpoolEntry.Run {
        SpoolEntry.Run(
            suite: suite.name, server: server.endpoint.base, place: place, keyTag: Self.keyTag, key: key,
            startTime: context.now(), tags: tags(key), dataset: dataset,
            evidence: context.evidence[suite.name].map { SpoolEntry.Standing($0) }, log: context.log)
    }

    /// The same for its end.
    func spooledEnd(
        with result: SuiteResult, _ values: [(name: String, value: Double)], at time: Int, isOpen: Bool
    ) -> SpoolEntry.End {
        SpoolEntry.End(
            suite: suite.name, metrics: Dictionary(values.map { ($0.name, $0.value) }) { first, _ in first },
            tags: result.verdictTags, passed: result.verdict == .passed, time: time,
            evidence: evidence(of: result, isOpen: isOpen), log: context.log, isOpen: isOpen ? true : nil)
    }

    /// The same for what it gives as evidence.
    func spooledEvidence(of result: SuiteResult) -> SpoolEntry.Settled {
        SpoolEntry.Settled(suite: suite.name, evidence: evidence(of: result, isOpen: false))
    }

    /// Logs metrics and the report, and ends the run: finished when the suite passed, else failed.
    /// The time is in milliseconds since 1970; repeating it with the same time changes nothing.
    /// - Parameters:
    ///   - prompts: The versions of prompts that the samples used, as MLflow links them; nil for none.
    ///   - isOpen: Whether what it gives as evidence is said later, by `settle`; what failed is said at once.
    func end(
        _ run: MLflowRun, with result: SuiteResult, _ values: [(name: String, value: Double)], prompts: Value?,
        at now: Int, isOpen: Bool
    ) async throws {
        let metrics = values.map { metric in
            MLflowMetric(metric.name, metric.value, timestamp: now, modelID: place.modelID, dataset: dataset)
        }
        var tags = result.verdictTags
        let evidence = evidence(of: result, isOpen: isOpen)
        tags.merge(evidence?.tags(on: run) ?? [:]) { _, evidence in evidence }
        tags["mlflow.linkedPrompts"] = prompts?.canonicalJSON
        try await server.logBatch(toRun: run.id, metrics: metrics, tags: tags)
        let problem = try await putExtras(on: run)
        try await server.updateRun(
            run.id, status: result.verdict == .passed ? .finished : .failed, endTime: now)
        for twin in try await begun() where twin.id != run.id && twin.status == .running {
            try await server.deleteRun(twin.id)  // Its creation was delivered twice.
        }
        if let problem { throw problem }
    }

    /// Logs what a suite that has ended gives as evidence, with what other runs found by then.
    func settle(_ run: MLflowRun, with result: SuiteResult) async throws {
        guard let standing = context.evidence[suite.name] else { return }
        let others = OthersEvidence(
            server: server, key: standing.key, places: Set(standing.places + [place.experimentID]), run: run)
        try await others.add { others in
            let samples = try await server.samples(
                of: others, underKey: standing.key, of: standing.maxAge, besides: resumedParts,
                now: context.now() / 1000)
            return evidence(of: result, after: samples, isOpen: false)
        }
    }

    /// Puts reports and tables on the run. They are extras: when artifacts are stored elsewhere, everything else is still
    /// there.
    /// - Returns: Why they are not all there; the run ends all the same.
    /// - Throws: What passes by itself, so that all of it is done again.
    private func putExtras(on run: MLflowRun) async throws -> (any Error)? {
        do {
            let reports = EvaluationReports(of: suite.name, in: try context.recorded(suite.name))
            try await reports.put(on: run, at: server)
            try await EvaluationTables(of: suite, in: context.folder).put(on: run, at: server)
            return nil
        } catch let error where error is CancellationError || (error as? WireError)?.isAway == true {
            throw error
        } catch {
            return error
        }
    }

    /// The result as evidence, without the run that it stands on: as far as it came.
    /// - Parameters:
    ///   - earlier: The samples that it adds to; nil for those that stood when it began.
    ///   - isOpen: Whether it is not known yet whether something has changed meanwhile.
    private func evidence(
        of result: SuiteResult, after earlier: EarlierSamples? = nil, isOpen: Bool
    ) -> Evidence? {
        guard let standing = context.evidence[suite.name] else { return nil }
        var evidence = Evidence(
            result, of: suite, isPart: context.shard != nil, standing.after(earlier ?? standing.earlier), at: "",
            run: "")
        guard evidence.saysSomething else { return nil }
        evidence.version = place.modelURI
        return isOpen || context.hasChanged(suite.name) ? evidence.afterChange(in: result) : evidence
    }

    /// The runs that were started for this suite of this test run: one.
    private func begun() async throws -> [MLflowRun] {
        let runs = try await server.runs(
            inExperiments: [place.experimentID], where: MLflowFilter.tag(Self.keyTag, key))
        return runs.filter { $0.tags[Self.keyTag] == key }
    }

    /// The digests of the shards whose samples it has kept.
    private var resumedParts: Set<String> { Set(context.resumed.map(Evidence.digest(ofRun:))) }

    private var key: String { "\(context.id)/\(suite.name)" }

    private func created() async throws -> MLflowRun {
        do {
            return try await server.createRun(
                inExperiment: place.experimentID, name: suite.name, startTime: context.now(), tags: tags(key))
        } catch let error as WireError where error.leavesDoubt {
            guard let run = try await begun().first else { throw error }
            return run
        }
    }

    private func tags(_ key: String) -> [String: String] {
        var tags = [
            "mlflow.runType": "genai_evaluate", "mlflow.source.name": "drover", "mlflow.source.type": "LOCAL",
            Self.stackTag: context.stack, "drover.suite": suite.name, "drover.agent": suite.agent,
            "drover.version": context.version, Self.keyTag: key,
        ]
        tags["mlflow.source.git.commit"] = context.commit
        tags["drover.model"] = place.modelURI
        tags["drover.target"] = context.target
        tags["mlflow.genaiEvaluate.agent.uri"] = place.modelURI ?? context.target
        tags["mlflow.genaiEvaluate.scorersDigest"] = suite.scorersDigest
        tags["mlflow.genaiEvaluate.qualityCriteria"] = suite.thresholds.qualityCriteria
        tags[Evidence.shardTag] = context.shard
        if context.shard != nil {
            let parts = Set(context.resumed + [context.run].compactMap(\.self)).map(Evidence.digest(ofRun:))
            tags[Evidence.partsTag] = parts.sorted().joined(separator: " ")
        }
        tags[Self.partTag] = suite.isRemainder ? "missing samples" : context.isPart ? "chosen cases" : nil
        tags["drover.job"] = context.job
        tags[Evidence.runTag] = context.run
        return tags
    }
}

extension SuiteResult {
    /// The tags that say how a run ended.
    var verdictTags: [String: String] {
        var tags = ["drover.verdict": verdict.rawValue]
        let missing = cases.count(where: \.isMissingSamples)
        if missing > 0 {
            tags[EvaluationRun.unfinishedTag] = "samples of \(missing) of \(cases.count) cases are missing"
        }
        return tags
    }
}

extension EvaluationRecord {
    /// - Parameters:
    ///   - suite: With all its cases.
    ///   - evidence: What its results are kept under; nil where they are no evidence.
    package init(of suite: TestSuite, at place: MLflowPlace, in sources: SourceMap, _ evidence: StandingEvidence?) {
        self.init(
            place: place, dataset: MLflowRunDataset(asking: suite, at: sources[suite.range.source].path),
            scorers: suite.scorersDigest, evidence: evidence)
    }
}

extension MLflowRunDataset {
    /// What a suite asks, case by case, and the tables that its rows come from: the same data give the same digest, whatever
    /// cases are called and answers are to be.
    init(asking suite: TestSuite, at path: String) {
        let rows = suite.cases.map { testCase in
            Value.array(testCase.turns.map { .string($0.input.text) }).canonicalJSON
        }
        let digest = sha256Hex((rows + suite.cases.files.map(\.digest)).joined(separator: "\n").utf8)
        self.init(name: suite.name, digest: String(digest.prefix(8)), place: path, rows: suite.cases.count)
    }
}

extension WireError {
    /// Whether the request may have been executed nevertheless.
    fileprivate var leavesDoubt: Bool {
        switch cause {
        case .transport(.timeout), .transport(.broken), .unreadable: true
        case .status(let status): status >= 500
        case .transport, .stream: false
        }
    }
}
