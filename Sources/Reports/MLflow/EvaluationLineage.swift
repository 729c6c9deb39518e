import Language
import Suites

extension TestSuite {
    /// What answers are judged by, as the run tag `mlflow.genaiEvaluate.scorersDigest` says it: equal in two runs of the
    /// same assertions and judges. All of them can be hashed.
    var scorersDigest: String {
        var definitions: Set<String> = []
        for testCase in cases {
            for expectation in testCase.turns.flatMap(\.expectations) {
                definitions.insert(expectation.written)
            }
        }
        definitions.formUnion(
            judges.map { "judge\0\($0.key)\0\($0.value.digest)\0\($0.value.minAgreement ?? 0)" })
        let text = definitions.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
        let digest = "sha256:" + sha256Hex(Array(text.joined(separator: "\u{1}").utf8))
        let value: Value = [
            "digest": .string(digest), "hashed": .integer(definitions.count), "total": .integer(definitions.count),
        ]
        return value.canonicalJSON
    }
}

extension Thresholds {
    /// As MLflow's list of evaluation runs reads it from the run tag `mlflow.genaiEvaluate.qualityCriteria`; the metrics
    /// are those of `EvaluationMetrics`.
    var qualityCriteria: String {
        let limits: [(metric: String, limit: Double?)] = [
            ("error_rate", errorRate?.value), ("latency_ms/p50", latencyP50.map { $0.value / .milliseconds(1) }),
            ("latency_ms/p95", latencyP95.map { $0.value / .milliseconds(1) }),
            ("total_tokens", totalTokens.map { Double($0.value) }),
            ("duration_ms", maxDuration.map { $0.value / .milliseconds(1) }),
        ]
        let rules =
            [Self.rule("pass_rate", "GTE", passRate?.value ?? 1)]
            + limits.compactMap { metric, limit in limit.map { Self.rule(metric, "LTE", $0) } }
        let revision = String(sha256Hex(Array(Value.array(rules).canonicalJSON.utf8)).prefix(32))
        let value: Value = ["schemaVersion": 1, "revision": .string(revision), "rules": .array(rules)]
        return value.canonicalJSON
    }

    private static func rule(_ metric: String, _ comparator: String, _ threshold: Double) -> Value {
        ["metricKey": .string(metric), "comparator": .string(comparator), "threshold": .number(threshold)]
    }
}
