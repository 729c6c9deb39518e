import Language
import Runtime

/// An earlier run of a suite, in the numbers that a later one is compared with.
package struct Baseline: Sendable, Hashable, Codable {
    /// What the samples of a case came to.
    package struct Case: Sendable, Hashable, Codable {
        package let verdict: Verdict
        package let passed: Int
        package let failed: Int
        package let errors: Int
        /// The mean of a sample in nanoseconds; nil when a sample ended in an error, or there is none.
        package let latency: Int?
        /// The mean of a sample; nil when the server did not tell it, or a sample ended in an error.
        package let tokens: Double?
    }

    /// How it was asked for: `blessed`, the id of a run, or the path of a log.
    package let name: String
    /// Its run in MLflow; nil for a log.
    package let run: String?
    /// ISO 8601 in UTC.
    package let startedAt: String?
    /// By the ids of the cases.
    package let cases: [String: Case]
    /// The SHA-256 of each table that it read, by its path.
    package let tables: [String: String]
    /// Those that the suite does not declare any more, sorted.
    package var gone: [String]
    /// The tables that have other rows now, sorted: what changed with them may not be the agent's doing.
    package var changedTables: [String] = []

    package init(
        name: String, run: String? = nil, startedAt: String? = nil, cases: [String: Case],
        tables: [String: String] = [:], gone: [String] = []
    ) {
        self.name = name
        self.run = run
        self.startedAt = startedAt
        self.cases = cases
        self.tables = tables
        self.gone = gone
    }

    /// `blessed (run 3f2a…)`, as reports name it.
    package var title: String {
        guard let run, run != name else { return name }
        return "\(name) (run \(run))"
    }

    /// With what the declared cases of a suite no longer have.
    package func compared(withCasesOf suite: TestSuite) -> Baseline {
        let declared = Set(suite.cases.lazy.map(\.id.description))
        var baseline = self
        baseline.gone = cases.keys.filter { !declared.contains($0) }.sorted()
        let tables = suite.cases.tables
        baseline.changedTables = tables.keys.filter { self.tables[$0] != nil && self.tables[$0] != tables[$0] }.sorted()
        return baseline
    }
}

extension Baseline.Case {
    package init(_ tally: CaseTally) {
        let isWhole = tally.errors == 0 && tally.samples > 0
        self.init(
            verdict: tally.verdict, passed: tally.passed, failed: tally.failed, errors: tally.errors,
            latency: isWhole && tally.latency != nil ? tally.totalLatency.nanoseconds / tally.samples : nil,
            tokens: isWhole ? tally.usage.map { Double($0.total) / Double(tally.samples) } : nil)
    }

    /// The share of samples that passed; nil when none is known.
    package var passRate: Double? {
        passed + failed > 0 ? Double(passed) / Double(passed + failed) : nil
    }

    /// `2/3`: passed of those that are known.
    package var share: String {
        "\(passed)/\(passed + failed)"
    }
}
