import Language
package import Wire

extension MLflowServer {
    /// All evidence under a key, from the evaluation runs of some experiments: one search.
    /// - Parameter parts: The digests of shards that count elsewhere.
    package func evidence(
        underKey key: String, inExperiments ids: [String], besides parts: Set<String> = []
    ) async throws -> [Evidence] {
        guard !ids.isEmpty else { return [] }
        let runs = try await runs(inExperiments: ids, where: MLflowFilter.tag(Evidence.keyTag, key))
        return runs.filter { $0.tags[Evidence.keyTag] == key }.evidence(besides: parts).filter { $0.key == key }
    }

    /// All evidence that a suite found about a version, `models:/NAME/3`: one search.
    package func evidence(
        of version: String, bySuite suite: String, inExperiments ids: [String]
    ) async throws -> [Evidence] {
        guard !ids.isEmpty else { return [] }
        let runs = try await runs(inExperiments: ids, where: MLflowFilter.tag(Evidence.suiteTag, suite))
        return runs.evidence().filter { $0.suite == suite && $0.version == version }
    }
}

extension MLflowServer {
    /// All evidence that a suite found about a state of an agent, by its logical digest: one search.
    package func evidence(
        ofAgent logical: String, bySuite suite: String, inExperiments ids: [String]
    ) async throws -> [Evidence] {
        guard !ids.isEmpty else { return [] }
        let runs = try await runs(inExperiments: ids, where: MLflowFilter.tag(Evidence.logicalTag, logical))
        return runs.evidence().filter { $0.suite == suite && $0.logical == logical }
    }
}

extension Evidence {
    /// The tag of an evaluation run with the id of the run as its log has it.
    package static let runTag = "drover.run"
    /// The tag of the run of a shard: `2/5`.
    package static let shardTag = "drover.shard"
    /// The tag with the digests of the ids of the shards whose samples a run holds: of all that were joined, or of one shard
    /// and of the run that it went on with.
    package static let partsTag = "drover.shards"

    /// How the id of a run stands in `partsTag`.
    package static func digest(ofRun id: String) -> String {
        String(sha256Hex(id.utf8).prefix(16))
    }
}

extension [MLflowRun] {
    /// The evidence on them, no sample twice: a shard that was joined to a run, or gone on with, counts there.
    /// - Parameter parts: The digests of shards that count elsewhere.
    package func evidence(besides parts: Set<String> = []) -> [Evidence] {
        let known = compactMap { run in
            run.tags[Evidence.tag].flatMap { Evidence($0) }.map { (run: run, evidence: $0) }
        }
        let holders = known.map { (id: $0.run.id, parts: $0.run.parts) }.filter { !$0.parts.isEmpty }
        return known.filter { one in
            !one.run.counts(in: parts)
                && !holders.contains { $0.id != one.run.id && one.run.counts(in: $0.parts) }
        }.map(\.evidence)
    }
}

extension MLflowRun {
    /// The digests of the shards whose samples it holds; empty for a whole run.
    package var parts: Set<String> {
        Set((tags[Evidence.partsTag] ?? "").split(separator: " ").map(String.init))
    }

    /// Whether all its samples are among those of some shards, and it is not of all these itself.
    package func counts(in others: Set<String>) -> Bool {
        guard tags[Evidence.shardTag] != nil else { return !parts.isEmpty && parts.isStrictSubset(of: others) }
        return tags[Evidence.runTag].map { others.contains(Evidence.digest(ofRun: $0)) } ?? false
    }
}
