package import Language
import Suites

/// What the evaluation runs of one command have in common.
package struct EvaluationContext: Sendable {
    package let stack: String
    /// Of drover: `1.0.0`.
    package let version: String
    /// Of the spec; nil outside a repository.
    package let commit: String?
    /// What no other run of suites is called.
    package let id: String
    /// ISO 8601 in UTC: `2026-06-01T12:00:00Z`.
    package let startedAt: String
    /// What the ranges in the results refer to.
    package let sources: SourceMap
    /// Milliseconds since 1970.
    package let now: @Sendable () -> Int

    package init(
        stack: String, version: String, commit: String?, id: String, startedAt: String, sources: SourceMap,
        now: @escaping @Sendable () -> Int
    ) {
        self.stack = stack
        self.version = version
        self.commit = commit
        self.id = id
        self.startedAt = startedAt
        self.sources = sources
        self.now = now
    }

    /// The JSON report of a single suite.
    func report(of result: SuiteResult) -> String {
        JSONReport().render(
            Run(
                stack: stack, version: version, startedAt: startedAt, duration: result.duration, suites: [result],
                sources: sources))
    }
}

extension SuiteResult {
    /// How long its samples took, one after the other.
    fileprivate var duration: Duration {
        cases.flatMap(\.samples).map(\.latency).reduce(.zero, +)
    }
}
