import Engine
package import Language
import Runtime
package import Suites
package import Wire

/// Shows a run that shards were joined to in MLflow: one evaluation run for each suite, with the metrics and the verdict of
/// all samples, and with the traces and assessments that the shards wrote. Done twice, it is one run all the same.
package struct MergedEvaluation: Sendable {
    private let server: MLflowServer
    private let recorded: RecordedRun
    private let parts: Set<String>
    /// Milliseconds since 1970.
    private let now: Int

    package init(to server: MLflowServer, _ recorded: RecordedRun, now: Int) {
        self.server = server
        self.recorded = recorded
        self.now = now
        parts = Set((recorded.record.parts ?? []).map(Evidence.digest(ofRun:)))
    }

    /// Publishes all suites that the shards published.
    /// - Returns: A warning for each that is not there as a whole.
    package func publish() async -> [Diagnostic] {
        var warnings: [Diagnostic] = []
        var places: Set<String>?
        for (index, result) in recorded.run.suites.enumerated() {
            guard let evaluation = recorded.record.evaluations?[result.suite] else { continue }
            do {
                let known =
                    if let places { places } else {
                        try await server.evidencePlaces(ofStack: recorded.record.stack)
                    }
                places = known
                if let warning = try await publish(result, index, evaluation, known) { warnings.append(warning) }
            } catch {
                warnings.append(.notMerged(result.suite, because: Diagnostic.from(error, at: nil).detail))
            }
        }
        return warnings
    }

    /// - Parameter places: MLflow's ids of the experiments where evidence may stand, beside that of the suite.
    /// - Returns: Why it is no evidence, although it was to be.
    private func publish(
        _ result: SuiteResult, _ index: Int, _ evaluation: EvaluationRecord, _ places: Set<String>
    ) async throws -> Diagnostic? {
        let place = evaluation.place
        let run = try await begun(result, index, evaluation)
        try await server.logInputs(toRun: run.id, dataset: evaluation.dataset, modelID: place.modelID)
        var (metrics, traces) = (EvaluationMetrics(), [String]())
        try recorded.forEachSample(ofSuite: index) { tally, sample, trace in
            metrics.take(sample, decides: tally.decides)
            if let trace { traces.append(trace) }
        }
        try await server.link(traces: traces, toRun: run.id, inExperiment: place.experimentID)
        let values = metrics.values(of: result).map { metric in
            MLflowMetric(
                metric.name, metric.value, timestamp: run.startTime, modelID: place.modelID,
                dataset: evaluation.dataset)
        }
        var tags = result.verdictTags
        tags[Evidence.runTag] = recorded.record.id
        try await server.logBatch(toRun: run.id, metrics: values, tags: tags)
        let warning = try await addEvidence(result, index, evaluation, of: run, places)
        let problem = try await putReports(of: result.suite, on: run)
        try await server.updateRun(
            run.id, status: result.verdict == .passed ? .finished : .failed, endTime: max(now, run.startTime))
        if let problem { throw problem }
        return warning
    }

    /// - Returns: Why they are not there; the run ends all the same.
    /// - Throws: What passes by itself.
    private func putReports(of suite: String, on run: MLflowRun) async throws -> (any Error)? {
        do {
            try await EvaluationReports(of: suite, in: recorded).put(on: run, at: server)
            return nil
        } catch let error where error is CancellationError || (error as? WireError)?.isAway == true {
            throw error
        } catch {
            return error
        }
    }

    /// The run of these shards, which may be there already.
    private func begun(_ result: SuiteResult, _ index: Int, _ evaluation: EvaluationRecord) async throws -> MLflowRun {
        let key = "\(sha256Hex(parts.sorted().joined(separator: " ").utf8).prefix(32))/\(result.suite)"
        let known = try await server.runs(
            inExperiments: [evaluation.place.experimentID], where: MLflowFilter.tag(EvaluationRun.keyTag, key))
        if let run = known.first(where: { $0.tags[EvaluationRun.keyTag] == key }) { return run }
        var tags = [
            "mlflow.runType": "genai_evaluate", "mlflow.source.name": "drover", "mlflow.source.type": "LOCAL",
            EvaluationRun.stackTag: recorded.record.stack, "drover.suite": result.suite, "drover.agent": result.agent,
            "drover.version": recorded.record.version, EvaluationRun.keyTag: key,
            Evidence.partsTag: parts.sorted().joined(separator: " "),
            "mlflow.genaiEvaluate.scorersDigest": evaluation.scorers,
            "mlflow.genaiEvaluate.qualityCriteria": try recorded.thresholds(ofSuite: index).qualityCriteria,
        ]
        tags["drover.model"] = evaluation.place.modelURI
        tags["drover.target"] = recorded.record.target
        tags["mlflow.genaiEvaluate.agent.uri"] = evaluation.place.modelURI ?? recorded.record.target
        return try await server.createRun(
            inExperiment: evaluation.place.experimentID, name: result.suite, startTime: now, tags: tags)
    }

    /// Says what the suite gives as evidence. No sample counts twice: a run that shares a shard with one that counts is none,
    /// but for one that it has all shards of, and but for one that failed: by itself, and by what shares no shard with it.
    /// Shards under the key that are in no joined run count beside it. What failed when it was joined before stays so.
    /// - Returns: Why it is no evidence, although it was to be.
    private func addEvidence(
        _ result: SuiteResult, _ index: Int, _ evaluation: EvaluationRecord, of run: MLflowRun, _ places: Set<String>
    ) async throws -> Diagnostic? {
        guard let key = evaluation.key else { return nil }
        let beside = OthersEvidence(
            server: server, key: key, places: places.union([evaluation.place.experimentID]), run: run)
        var warning: Diagnostic?
        try await beside.add { others in
            let evidence: Evidence?
            (evidence, warning) = try await self.evidence(result, index, evaluation, key, of: run, others)
            return evidence
        }
        return warning
    }

    private func evidence(
        _ result: SuiteResult, _ index: Int, _ evaluation: EvaluationRecord, _ key: String, of run: MLflowRun,
        _ others: [MLflowRun]
    ) async throws -> (Evidence?, Diagnostic?) {
        let counted = others.first { other in
            other.tags[Evidence.shardTag] == nil && !other.parts.isDisjoint(with: parts) && !other.counts(in: parts)
        }
        let besides = counted == nil ? others : others.filter { $0.parts.isDisjoint(with: parts) }
        let maxAge = evaluation.maxEvidenceAge
        let samples = try await server.samples(
            of: besides, underKey: key, of: maxAge, besides: parts, now: now / 1000)
        let standing = StandingEvidence(
            key: key, logical: evaluation.logical, maxAge: maxAge, earlier: samples)
        var evidence = try Evidence(recorded, ofSuite: index, standing, run: run.id)
        if let counted, !evidence.hasFailed { return (nil, .countedAlready(result.suite, in: counted.id)) }
        guard evidence.saysSomething else { return (nil, nil) }
        evidence.version = evaluation.place.modelURI
        guard recorded.changed.contains(result.suite) else { return (evidence, nil) }
        guard let failed = evidence.afterChange(in: result) else { return (nil, .changedMeanwhile([result.suite])) }
        return (failed, nil)
    }
}

extension Diagnostic {
    fileprivate static func notMerged(_ suite: String, because reason: String) -> Diagnostic {
        Diagnostic(
            "not-published", "Results are not in MLflow",
            detail: "The evaluation run of the suite `\(suite)` as a whole is missing or incomplete: \(reason)",
            fix: "The verdict stands without it. Join the shards again once MLflow takes it: what is there stays one.",
            severity: .warning, cause: .unavailable)
    }

    fileprivate static func countedAlready(_ suite: String, in run: String) -> Diagnostic {
        Diagnostic(
            "counted-already", "Samples that count already",
            detail:
                "Some of these shards of the suite `\(suite)` are joined in the run `\(run)` too, which is evidence, so "
                + "that this run is none: no sample counts twice.",
            fix: "Nothing has to be done; run all shards anew for more samples.", severity: .warning)
    }
}

extension Diagnostic {
    /// Suites during which something has changed that their evidence depends on.
    package static func changedMeanwhile(_ suites: [String]) -> Diagnostic {
        Diagnostic(
            "changed-meanwhile", "What was tested has changed",
            detail:
                "While \(suites.count == 1 ? "the suite" : "the suites") \(suites.listed) ran, something has changed that "
                + "the answers or their verdicts depend on: the agent, what it needs, a file or a judge. Nobody can tell what "
                + "each sample is of, so that what passed is no evidence.",
            fix: "Run it again while nothing is applied or edited.", severity: .warning)
    }
}
