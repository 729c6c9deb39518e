package import Wire

extension MLflowServer {
    /// All evidence under a key, from the evaluation runs of some experiments: one search.
    package func evidence(underKey key: String, inExperiments ids: [String]) async throws -> [Evidence] {
        guard !ids.isEmpty else { return [] }
        let runs = try await runs(inExperiments: ids, where: MLflowFilter.tag(Evidence.keyTag, key))
        return runs.compactMap { run in run.tags[Evidence.tag].flatMap { Evidence($0) } }.filter { $0.key == key }
    }

    /// All evidence that a suite found about a version, `models:/NAME/3`: one search.
    package func evidence(
        of version: String, bySuite suite: String, inExperiments ids: [String]
    ) async throws -> [Evidence] {
        guard !ids.isEmpty else { return [] }
        let runs = try await runs(inExperiments: ids, where: MLflowFilter.tag(Evidence.suiteTag, suite))
        return runs.compactMap { run in run.tags[Evidence.tag].flatMap { Evidence($0) } }.filter {
            $0.suite == suite && $0.version == version
        }
    }
}
