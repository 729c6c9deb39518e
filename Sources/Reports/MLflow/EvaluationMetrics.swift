import Language
import Runtime
import Suites
import Wire

/// The metrics of a suite, a fold over its samples, named as MLflow names aggregates. `contains/mean` is the share of
/// samples in which every such assertion held; inconclusive ones are left out. What thresholds are about is measured as
/// they measure it: `pass_rate`, `error_rate`, `latency_ms/p50`, `latency_ms/p95`, `total_tokens`, `duration_ms`; what is
/// not known is missing. `total_tokens/mean` is that of the samples whose answers told it, without judges.
struct EvaluationMetrics: Sendable {
    private struct Share {
        var held = 0
        var all = 0
    }

    private var shares: [String: Share] = [:]
    /// Of each answer in deciding cases, in nanoseconds.
    private var latencies: [Int] = []
    private var answered = 0
    private var latency = Duration.zero
    private var told = 0
    private var tokens = 0

    mutating func take(_ sample: Sample, decides: Bool = true) {
        for assessment in sample.assessments {
            guard case .value(let holds) = assessment.feedback else { continue }
            shares[assessment.name, default: Share()].all += 1
            if holds { shares[assessment.name, default: Share()].held += 1 }
        }
        guard !sample.turns.isEmpty else { return }
        answered += 1
        if decides { latencies += sample.turns.map(\.answer.latency.nanoseconds) }
        latency += sample.latency
        guard let usage = sample.usage else { return }
        told += 1
        tokens += usage.total
    }

    /// Sorted by name.
    func values(of result: SuiteResult) -> [(name: String, value: Double)] {
        var metrics = shares.map { (name: "\($0.key)/mean", value: Double($0.value.held) / Double($0.value.all)) }
        if answered > 0 {
            metrics.append(("latency_ms/mean", latency / .milliseconds(1) / Double(answered)))
        }
        let sorted = latencies.sorted()
        for (name, share) in [("latency_ms/p50", 0.5), ("latency_ms/p95", 0.95)] {
            if let latency = sorted.percentile(share) { metrics.append((name, Double(latency) / 1_000_000)) }
        }
        if told > 0 { metrics.append(("total_tokens/mean", Double(tokens) / Double(told))) }
        if let tokens = result.tokens { metrics.append(("total_tokens", Double(tokens))) }
        let verdicts = result.cases.map(\.verdict)
        let deciding = result.cases.filter(\.decides)
        let samples = deciding.map(\.samples).reduce(0, +)
        metrics += [
            ("duration_ms", result.elapsed / .milliseconds(1)),
            ("error_rate", samples > 0 ? Double(deciding.map(\.errors).reduce(0, +)) / Double(samples) : 0),
            (
                "pass_rate",
                deciding.isEmpty ? 0 : Double(deciding.count { $0.verdict == .passed }) / Double(deciding.count)
            ),
            ("cases", Double(verdicts.count)), ("cases_passed", Double(verdicts.count { $0 == .passed })),
            ("cases_failed", Double(verdicts.count { $0 == .failed })),
            ("cases_inconclusive", Double(verdicts.count { $0 == .inconclusive })),
        ]
        return metrics.sorted { $0.name < $1.name }
    }
}
