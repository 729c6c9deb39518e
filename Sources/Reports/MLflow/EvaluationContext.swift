package import Language
package import Suites

/// What the evaluation runs of one command have in common.
package struct EvaluationContext: Sendable {
    package let stack: String
    /// Of drover: `1.0.0`.
    package let version: String
    /// Of the spec; nil outside a repository.
    package let commit: String?
    /// What no other run of suites is called.
    package let id: String
    /// What is recorded of the run so far.
    package let recorded: @Sendable () throws -> RecordedRun
    /// What the ranges in the suites refer to.
    package let sources: SourceMap
    /// Milliseconds since 1970.
    package let now: @Sendable () -> Int

    package init(
        stack: String, version: String, commit: String?, id: String, sources: SourceMap,
        recorded: @escaping @Sendable () throws -> RecordedRun, now: @escaping @Sendable () -> Int
    ) {
        self.stack = stack
        self.version = version
        self.commit = commit
        self.id = id
        self.sources = sources
        self.recorded = recorded
        self.now = now
    }

    /// The JSON report of a single suite that is over; nil when nothing is recorded of it.
    func report(ofSuite name: String) throws -> [UInt8]? {
        let recorded = try recorded()
        guard let suite = recorded.run.suites.firstIndex(where: { $0.suite == name }) else { return nil }
        var bytes: [UInt8] = []
        try ReportOutput.collect({ bytes += $0 }) { output in
            try JSONReport().write(recorded.only(suite: suite), to: &output)
        }
        return bytes
    }
}
