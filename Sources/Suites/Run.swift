/// One run of suites in numbers.
package struct Run: Sendable {
    /// What it is called; nil for what is kept nowhere.
    package let id: String?
    /// Nil for a whole run.
    package let shard: Shard?
    package let stack: String
    /// Of drover: `1.0.0`.
    package let version: String
    /// ISO 8601 in UTC: `2026-06-01T12:00:00Z`.
    package let startedAt: String
    /// The address of the served agent that was asked instead of the stack's own agents; nil for these.
    package let target: String?
    package let duration: Duration
    /// In declaration order.
    package let suites: [SuiteResult]
    /// The suites of which what passed is no evidence: what they test did not stay the same, or nobody could tell.
    package var changed: Set<String> = []

    init(_ record: RunRecord, duration: Duration, suites: [SuiteResult]) {
        id = record.id
        shard = record.shard
        stack = record.stack
        version = record.version
        startedAt = record.startedAt
        target = record.target
        self.duration = duration
        self.suites = suites
    }

    /// The worst verdict of its suites; a run without suites is inconclusive.
    package var verdict: Verdict {
        suites.isEmpty ? .inconclusive : .worst(of: suites.map(\.verdict))
    }

    /// The number of deciding cases of all suites by verdict.
    package var counts: Counts {
        Counts(suites.lazy.flatMap(\.cases))
    }
}

/// The number of cases by verdict. Cases in quarantine are counted separately.
package struct Counts: Sendable, Hashable {
    package let passed: Int
    package let failed: Int
    package let inconclusive: Int
    package let quarantined: Int

    package init(_ cases: some Sequence<CaseTally>) {
        var verdicts: [Verdict: Int] = [:]
        var quarantined = 0
        for testCase in cases {
            if testCase.decides {
                verdicts[testCase.verdict, default: 0] += 1
            } else {
                quarantined += 1
            }
        }
        passed = verdicts[.passed, default: 0]
        failed = verdicts[.failed, default: 0]
        inconclusive = verdicts[.inconclusive, default: 0]
        self.quarantined = quarantined
    }

    /// `6 passed, 1 failed, 0 inconclusive`.
    package var text: String {
        "\(passed) passed, \(failed) failed, \(inconclusive) inconclusive"
            + (quarantined > 0 ? ", \(quarantined) in quarantine" : "")
    }
}
