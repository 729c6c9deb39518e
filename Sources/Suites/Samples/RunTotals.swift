import Language

/// What a run came to in numbers, without anything that was said. It is kept beside the log, so that a later report can show
/// how things went from run to run without reading old logs.
///
///     {"format":1,"id":"helpdesk-20260601-120000-3f2a","startedAt":"2026-06-01T12:00:00Z","isWhole":true,
///      "suites":[{"name":"golden","verdict":"failed","passed":9,"failed":1,"inconclusive":0,
///                 "cases":{"golden/ticket":[2,3]}}]}
package struct RunTotals: Sendable, Hashable, Codable {
    private static let currentFormat = 1

    package struct Suite: Sendable, Hashable, Codable {
        package let name: String
        package let verdict: Verdict
        /// The number of deciding cases by verdict.
        package let passed: Int
        package let failed: Int
        package let inconclusive: Int
        /// Of each case, by its id, how many samples passed, and of how many that could be judged.
        package let cases: [String: [Int]]
    }

    private let format: Int
    package let id: String?
    /// ISO 8601 in UTC.
    package let startedAt: String
    /// The address of the served agent that was asked; nil for the stack's own agents.
    package let target: String?
    /// Whether no case of its suites was left out.
    package let isWhole: Bool
    package let suites: [Suite]

    package init(_ recorded: RecordedRun, isWhole: Bool) {
        format = Self.currentFormat
        id = recorded.run.id
        startedAt = recorded.run.startedAt
        target = recorded.run.target
        self.isWhole = isWhole && recorded.hasEnded && recorded.run.shard == nil
        suites = recorded.run.suites.indices.map { index in
            let result = recorded.run.suites[index]
            let counts = Counts(result.cases)
            let cases = recorded.positions(ofSuite: index).map { position in
                let tally = recorded.tally(of: position)
                return (recorded.id(of: position).description, [tally.passed, tally.passed + tally.failed])
            }
            return Suite(
                name: result.suite, verdict: result.verdict, passed: counts.passed, failed: counts.failed,
                inconclusive: counts.inconclusive, cases: Dictionary(cases) { first, _ in first })
        }
    }

    /// Reads what was kept.
    /// - Returns: Nil when it is none that this version knows.
    package init?(_ bytes: [UInt8]) {
        guard let totals: RunTotals = try? Value(json: bytes).decoded(), totals.format == Self.currentFormat,
            totals.suites.allSatisfy({ $0.cases.values.allSatisfy { $0.count == 2 } })
        else { return nil }
        self = totals
    }

    /// What is kept.
    package var bytes: [UInt8] {
        get throws { Array(try Value(encoding: self).canonicalJSON.utf8) }
    }
}
