package import Language
package import Suites

/// The data shared by the evaluation runs of one command.
package struct EvaluationContext: Sendable {
    package let stack: String
    /// Of drover: `1.0.0`.
    package let version: String
    /// Of the spec; nil outside a repository.
    package let commit: String?
    /// The address of the served agent that is asked instead of the stack's own agents; nil for these.
    package let target: String?
    /// Which part of the cases it runs: `2/5`; nil for all.
    package let shard: String?
    /// The unique id of this run of suites.
    package let id: String
    /// The path of the run's log.
    package let log: String
    /// What the log tells of one suite so far, by the suite's name: a run with only that suite.
    package let recorded: @Sendable (String) throws -> RecordedRun
    /// The sources that the ranges in the suites refer to.
    package let sources: SourceMap
    /// Milliseconds since 1970.
    package let now: @Sendable () -> Int
    /// Whether only chosen cases of the suites are run.
    package var isPart = false
    /// What the runs of all shards have in common; nil for nothing.
    package var job: String?
    /// The id of the run, as its log has it.
    package var run: String?
    /// The ids of the runs whose samples it has kept; empty for a new one.
    package var resumed: [String] = []
    /// Where the suites' tables are; nil keeps no rows in MLflow.
    package var folder: SpecFolder?
    /// What the results of suites are kept under as evidence, by the name of the suite; none where they decide nothing.
    package var evidence: [String: StandingEvidence] = [:]
    /// Whether something has changed during a suite that its evidence depends on; asked when that is published.
    package var hasChanged: @Sendable (_ suite: String) -> Bool = { _ in false }

    package init(
        stack: String, version: String, commit: String?, target: String? = nil, shard: String? = nil, id: String,
        sources: SourceMap, log: String,
        recorded: @escaping @Sendable (String) throws -> RecordedRun, now: @escaping @Sendable () -> Int
    ) {
        self.stack = stack
        self.version = version
        self.commit = commit
        self.target = target
        self.shard = shard
        self.id = id
        self.sources = sources
        self.log = log
        self.recorded = recorded
        self.now = now
    }
}
