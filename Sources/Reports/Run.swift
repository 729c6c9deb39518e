package import Language
package import Suites

/// One run of suites, over: what every report folds into its format.
package struct Run: Sendable {
    package let stack: String
    /// Of drover: `1.0.0`.
    package let version: String
    /// ISO 8601 in UTC: `2026-06-01T12:00:00Z`.
    package let startedAt: String
    package let duration: Duration
    /// In declaration order.
    package let suites: [SuiteResult]
    /// What the ranges in the results refer to.
    package let sources: SourceMap

    package init(
        stack: String, version: String, startedAt: String, duration: Duration, suites: [SuiteResult],
        sources: SourceMap
    ) {
        self.stack = stack
        self.version = version
        self.startedAt = startedAt
        self.duration = duration
        self.suites = suites
        self.sources = sources
    }

    /// The worst verdict of its suites; a run without suites found nothing out.
    package var verdict: Verdict {
        suites.isEmpty ? .inconclusive : .worst(of: suites.map(\.verdict))
    }

    /// How the deciding cases of all suites ended.
    package var counts: Counts {
        Counts(suites.flatMap(\.cases))
    }
}

/// How many cases ended how. Cases in quarantine are counted apart.
package struct Counts: Sendable, Hashable {
    package let passed: Int
    package let failed: Int
    package let inconclusive: Int
    package let quarantined: Int

    init(_ cases: [CaseResult]) {
        let deciding = cases.filter(\.decides)
        passed = deciding.count { $0.verdict == .passed }
        failed = deciding.count { $0.verdict == .failed }
        inconclusive = deciding.count { $0.verdict == .inconclusive }
        quarantined = cases.count - deciding.count
    }

    /// `6 passed, 1 failed, 0 inconclusive`.
    var text: String {
        "\(passed) passed, \(failed) failed, \(inconclusive) inconclusive"
            + (quarantined > 0 ? ", \(quarantined) in quarantine" : "")
    }
}
