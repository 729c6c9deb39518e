import Language
import Runtime
import Suites
import Wire

extension SuiteResult {
    /// What a suite's samples come to, by the names that MLflow gives aggregates: `contains/mean` is the share of samples
    /// in which all of that assertion held; what could not be found out is left out.
    var metrics: [(name: String, value: Double)] {
        let samples = cases.flatMap(\.samples)
        let findings = samples.flatMap(\.assessments).compactMap { assessment -> (String, Double)? in
            guard case .value(let holds) = assessment.finding else { return nil }
            return (assessment.name, holds ? 1 : 0)
        }
        var metrics = Dictionary(grouping: findings, by: \.0).mapValues { $0.map(\.1).mean }
            .map { (name: "\($0.key)/mean", value: $0.value) }
        let answered = samples.filter { !$0.turns.isEmpty }
        if !answered.isEmpty {
            metrics.append(("latency_ms/mean", answered.map { $0.latency / .milliseconds(1) }.mean))
        }
        let tokens = answered.compactMap(\.usage).map { Double($0.total) }
        if !tokens.isEmpty {
            metrics.append(("total_tokens/mean", tokens.mean))
            metrics.append(("total_tokens", tokens.reduce(0, +)))
        }
        metrics += [
            ("cases", Double(cases.count)), ("cases_passed", Double(cases.count { $0.verdict == .passed })),
            ("cases_failed", Double(cases.count { $0.verdict == .failed })),
            ("cases_inconclusive", Double(cases.count { $0.verdict == .inconclusive })),
        ]
        return metrics.sorted { $0.name < $1.name }
    }
}

extension [Double] {
    fileprivate var mean: Double {
        isEmpty ? 0 : reduce(0, +) / Double(count)
    }
}
