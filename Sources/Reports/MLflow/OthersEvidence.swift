import Language
import Runtime
import Suites
package import Wire

/// What stands under a key beside a run that adds to it.
struct OthersEvidence {
    let server: MLflowServer
    let key: String
    /// MLflow's ids of the experiments where it may stand.
    let places: Set<String>
    /// The run that adds to it.
    let run: MLflowRun

    /// Writes what the run gives as evidence with what others found by then, and looks once more when it is written: of two
    /// that write at the same time, the later one sees the other. What has failed stays so, whatever others find.
    /// - Parameter evidence: What it gives beside the other runs under the key; nil for nothing.
    func add(_ evidence: (_ others: [MLflowRun]) async throws -> Evidence?) async throws {
        var known: [String: String]?
        for _ in 0..<3 {
            let all = try await server.runs(
                inExperiments: places.sorted(), where: MLflowFilter.tag(Evidence.keyTag, key)
            )
            .filter { $0.tags[Evidence.keyTag] == key }
            guard all.first(where: { $0.id == run.id })?.hasFailed(underKey: key) != true else { return }
            let others = all.filter { $0.id != run.id }
            let found = Dictionary(others.map { ($0.id, $0.tags[Evidence.tag] ?? "") }) { first, _ in first }
            guard found != known else { return }
            known = found
            guard let evidence = try await evidence(others) else { return }
            try await server.logBatch(toRun: run.id, metrics: [], tags: evidence.tags(on: run))
        }
    }
}

extension MLflowServer {
    /// The ids of the experiments that a stack has, for whoever knows only its name: one search.
    package func evidencePlaces(ofStack name: String) async throws -> Set<String> {
        let listed = try await experiments(where: MLflowFilter.tag(EvaluationRun.stackTag, name))
        return Set(listed.filter { $0.tags[EvaluationRun.stackTag] == name && !$0.isDeleted }.map(\.id))
    }

    /// The samples of runs under a key that are not too old, no sample twice.
    /// - Parameters:
    ///   - parts: The digests of shards that count elsewhere.
    ///   - now: Seconds since 1970.
    func samples(
        of runs: [MLflowRun], underKey key: String, of maxAge: Duration, besides parts: Set<String>, now: Int
    ) async throws -> EarlierSamples {
        let evidence = runs.evidence(besides: parts).filter { $0.key == key && $0.isFresh(maxAge, now) }
        return try await samples(of: evidence).samples
    }
}
