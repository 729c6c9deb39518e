import Language
import Runtime
import Suites
import Wire

extension MLflowServer {
    /// The evidence of other runs under a key that is not too old, no sample twice.
    /// - Parameters:
    ///   - run: The run that is left out.
    ///   - parts: The digests of shards that count in it.
    ///   - now: Seconds since 1970.
    func evidence(
        underKey key: String, of maxAge: Duration, inExperiments ids: Set<String>, besides run: MLflowRun,
        _ parts: Set<String>, now: Int
    ) async throws -> [Evidence] {
        let found = try await runs(inExperiments: ids.sorted(), where: MLflowFilter.tag(Evidence.keyTag, key))
        let others = found.filter { $0.id != run.id && $0.tags[Evidence.keyTag] == key }.evidence(besides: parts)
        return others.filter { $0.key == key && $0.isFresh(maxAge, now) }
    }
}
