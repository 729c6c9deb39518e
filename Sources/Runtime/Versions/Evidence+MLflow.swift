import Language
package import Wire

extension MLflowServer {
    /// All evidence under a key, from the evaluation runs of some experiments: one search.
    /// - Parameter parts: The digests of shards that count elsewhere.
    package func evidence(
        underKey key: String, inExperiments ids: [String], besides parts: Set<String> = []
    ) async throws -> [Evidence] {
        try await evidence(tagged: Evidence.keyTag, key, inExperiments: ids, besides: parts).filter { $0.key == key }
    }

    /// All evidence that a suite found about a version, `models:/NAME/3`: one search.
    package func evidence(
        of version: String, bySuite suite: String, inExperiments ids: [String]
    ) async throws -> [Evidence] {
        try await evidence(tagged: Evidence.suiteTag, suite, inExperiments: ids)
            .filter { $0.suite == suite && $0.version == version }
    }

    /// All evidence that a suite found about a state of an agent, by its logical digest: one search.
    package func evidence(
        ofAgent logical: String, bySuite suite: String, inExperiments ids: [String]
    ) async throws -> [Evidence] {
        try await evidence(tagged: Evidence.logicalTag, logical, inExperiments: ids)
            .filter { $0.suite == suite && $0.logical == logical }
    }

    /// The evidence on all runs with a tag, no sample twice. MLflow may compare without case, and finds more then.
    private func evidence(
        tagged tag: String, _ value: String, inExperiments ids: [String], besides parts: Set<String> = []
    ) async throws -> [Evidence] {
        guard !ids.isEmpty else { return [] }
        let runs = try await runs(inExperiments: ids, where: MLflowFilter.tag(tag, value))
        return runs.filter { $0.tags[tag] == value }.evidence(besides: parts)
    }
}

extension Evidence {
    /// The tag of an evaluation run with the id of the run as its log has it.
    package static let runTag = "drover.run"
    /// The tag of the run of a shard: `2/5`.
    package static let shardTag = "drover.shard"
    /// The tag with the digests of the ids of the shards whose samples a run holds: of all that were joined, or of one shard
    /// and of all runs whose samples it has kept.
    package static let partsTag = "drover.shards"

    /// How the id of a run stands in `partsTag`.
    package static func digest(ofRun id: String) -> String {
        String(sha256Hex(id.utf8).prefix(16))
    }
}

extension [MLflowRun] {
    /// The evidence on them, no sample twice: a shard that was joined to a run, or gone on with, counts there, and of runs of
    /// one suite that share a shard only the one in which most samples failed counts, or else the one with most shards, or
    /// the first. What went on with a joined shard, and has more that failed, counts with its own samples beside the joined
    /// run. What failed as a whole counts in any case, for nothing takes a failure back.
    /// - Parameter parts: The digests of shards that count elsewhere.
    package func evidence(besides parts: Set<String> = []) -> [Evidence] {
        let known = compactMap { ShardedEvidence($0) }
        // The runs of all suites of one shard have the same parts.
        let bySuite = Dictionary(grouping: known, by: \.evidence.suite)
        let counted = bySuite.values.flatMap { all in
            all.counted(besides: parts).map { ($0.one.id, $0.one.evidence(besides: $0.elsewhere, among: all)) }
        }
        let byID = Dictionary(counted) { first, _ in first }
        return known.compactMap { byID[$0.id] }
    }
}

extension MLflowRun {
    /// The evidence on it; nil where there is none that this version knows.
    package var evidence: Evidence? { tags[Evidence.tag].flatMap { Evidence($0) } }

    /// Whether it has failed under a key: nothing takes that back, also when it is looked at again with more samples.
    package func hasFailed(underKey key: String) -> Bool {
        evidence.map { $0.key == key && $0.verdict == "failed" } ?? false
    }

    /// The digests of the shards whose samples it holds; empty for a whole run.
    package var parts: Set<String> { HeldShards(self).parts }

    /// Whether all its samples are among those of some shards, and it is not of all these itself.
    package func counts(in others: Set<String>) -> Bool { HeldShards(self).counts(in: others) }
}

/// The shards whose samples a run holds.
private struct HeldShards {
    /// Their digests; empty for a whole run.
    let parts: Set<String>
    let isShard: Bool
    /// That of a shard itself; nil where its id is not known.
    private let digest: String?

    init(_ run: MLflowRun) {
        isShard = run.tags[Evidence.shardTag] != nil
        digest = isShard ? run.tags[Evidence.runTag].map(Evidence.digest(ofRun:)) : nil
        let tagged = (run.tags[Evidence.partsTag] ?? "").split(separator: " ").map(String.init)
        parts = Set(tagged).union([digest].compactMap(\.self))
    }

    func counts(in others: Set<String>) -> Bool {
        guard isShard else { return !parts.isEmpty && parts.isStrictSubset(of: others) }
        return digest.map { others.contains($0) } ?? false
    }
}

private struct ShardedEvidence {
    /// Of the run that it stands on.
    let id: String
    let evidence: Evidence
    let held: HeldShards

    init?(_ run: MLflowRun) {
        guard let evidence = run.evidence else { return nil }
        (id, held) = (run.id, HeldShards(run))
        self.evidence = evidence
    }

    var hasFailed: Bool { evidence.verdict == "failed" }

    /// Whether it counts although some of its samples count elsewhere: where more failed in it than in the shards that it
    /// shares with them.
    /// - Parameter all: All evidence of the suite.
    func counts(besides parts: Set<String>, among all: [ShardedEvidence]) -> Bool {
        guard !hasFailed, !held.parts.isDisjoint(with: parts) else { return true }
        guard evidence.samples.failed > 0, !held.counts(in: parts) else { return false }
        let known = shared(with: parts, among: all)
        let joined = joining(shared: known, with: parts, among: all).map(\.evidence.samples.failed).max() ?? 0
        return evidence.samples.failed > max(joined, known.map(\.evidence.samples.failed).reduce(0, +))
    }

    /// The evidence with the runs whose samples count elsewhere.
    func evidence(besides parts: Set<String>, among all: [ShardedEvidence]) -> Evidence {
        var evidence = evidence
        let known = shared(with: parts, among: all)
        let joined = joining(shared: known, with: parts, among: all)
        for other in joined.isEmpty ? known : joined {
            evidence.countedElsewhere.append(other.id)
            evidence.samplesElsewhere = evidence.samplesElsewhere.adding(other.evidence.samples)
        }
        return evidence
    }

    /// What it holds that counts elsewhere, no sample twice.
    private func shared(with parts: Set<String>, among all: [ShardedEvidence]) -> [ShardedEvidence] {
        let shared = held.parts.intersection(parts)
        guard !shared.isEmpty else { return [] }
        return all.filter { $0.held.isShard && !$0.held.parts.isEmpty && $0.held.parts.isSubset(of: shared) }
            .countedOnce(besides: [])
    }

    /// The joined runs with a shard that it holds, too, and that left no evidence itself.
    private func joining(
        shared known: [ShardedEvidence], with parts: Set<String>, among all: [ShardedEvidence]
    ) -> [ShardedEvidence] {
        let silent = known.reduce(into: held.parts.intersection(parts)) { $0.subtract($1.held.parts) }
        return all.filter { held.isShard && !$0.held.isShard && !$0.held.parts.isDisjoint(with: silent) }
    }

    /// Whether it counts rather than another one that shares a shard with it. A run that holds all of another one comes
    /// before it, for it has its failures too; of two that went on with one shard, the better one must not hide the worse.
    func comes(before other: ShardedEvidence) -> Bool {
        let (mine, others) = (rank, other.rank)
        return mine == others ? (evidence.at, id) < (other.evidence.at, other.id) : mine > others
    }

    private var rank: (failed: Int, parts: Int, passing: Int, whole: Int) {
        let counts = evidence.failuresOnly == true ? 0 : 1
        return (evidence.samples.failed, held.parts.count, counts, held.isShard ? 0 : 1)
    }
}

extension [ShardedEvidence] {
    /// Those of one suite that count, each with the shards that count elsewhere.
    ///
    /// A run that went on with a joined shard does not hide the joined run, whose verdict stands: what it adds counts
    /// beside it.
    fileprivate func counted(besides parts: Set<String>) -> [(one: ShardedEvidence, elsewhere: Set<String>)] {
        let whole = filter { !$0.held.isShard }.countedOnce(besides: parts, among: self)
        let elsewhere = whole.reduce(into: parts) { $0.formUnion($1.held.parts) }
        let shards = filter(\.held.isShard).countedOnce(besides: elsewhere, among: self)
        return whole.map { ($0, parts) } + shards.map { ($0, elsewhere) }
    }

    /// Those that count, of which no two share a shard that does not count elsewhere, unless they failed.
    /// - Parameter all: All evidence of the suite; nil for these.
    fileprivate func countedOnce(
        besides parts: Set<String>, among all: [ShardedEvidence]? = nil
    ) -> [ShardedEvidence] {
        var seen: Set<String> = []
        let counted = filter { $0.counts(besides: parts, among: all ?? self) }.sorted { $0.comes(before: $1) }
        return counted.filter { one in
            let own = one.held.parts.subtracting(parts)
            let isFirst = own.isDisjoint(with: seen)
            // What was held by one that counts is known there, with all that it held itself.
            if isFirst || one.hasFailed || one.held.counts(in: seen.union(parts)) { seen.formUnion(own) }
            return isFirst || one.hasFailed
        }
    }
}
