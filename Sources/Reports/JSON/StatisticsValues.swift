import Language
import Suites

extension ResultValues {
    /// `{"passed", "decided", "interval", "k", "passAny", "passAll", "tests"}`: pass@k and pass^k by their `k`.
    func statistics(_ statistics: SuiteStatistics) -> Value {
        [
            "passed": .integer(statistics.passed), "decided": .integer(statistics.decided),
            "interval": interval(statistics.interval), "k": statistics.k.map { .integer($0) } ?? .null,
            "passAny": number(statistics.passAny), "passAll": number(statistics.passAll),
            "tests": .array(statistics.tests.map { .string($0) }),
        ]
    }

    func interval(_ interval: Interval?) -> Value {
        interval.map { ["low": number($0.low), "high": number($0.high)] } ?? .null
    }

    /// A suite beside its baseline.
    /// - Parameter tests: Of this suite, corrected for the others.
    func baseline(_ comparison: SuiteComparison, _ tests: [PairedTest]) -> Value {
        var value: [String: Value] = [
            "name": .string(comparison.baseline.name),
            "run": comparison.baseline.run.map { .string($0) } ?? .null,
            "gone": .array(comparison.baseline.gone.map { .string($0) }),
            "changedTables": .array(comparison.baseline.changedTables.map { .string($0) }),
            "tests": .array(tests.map(test)),
        ]
        for change in CaseComparison.Change.allCases {
            value[change.rawValue] = .integer(comparison.count(change))
        }
        return .object(value)
    }

    private func test(_ test: PairedTest) -> Value {
        [
            "measure": .string(test.measure.rawValue), "pairs": .integer(test.pairs),
            "change": .string(test.change), "probability": .number(test.probability),
            "adjusted": .number(test.adjusted), "family": .integer(test.family), "alpha": .number(PairedTest.alpha),
            "isChange": .bool(test.isChange), "smallest": .string(test.smallest),
        ]
    }

    /// A case beside its baseline.
    func compared(_ comparison: CaseComparison) -> Value {
        [
            "change": .string(comparison.change.rawValue),
            "trend": comparison.trend.map { .string($0) } ?? .null,
            "before": comparison.before.map { before in
                [
                    "verdict": .string(before.verdict.rawValue), "passed": .integer(before.passed),
                    "failed": .integer(before.failed), "errors": .integer(before.errors),
                ]
            } ?? .null,
        ]
    }

    /// A whole one without a fraction, as JSON that is read and written again has it.
    private func number(_ value: Double?) -> Value {
        value.map { number in Int(exactly: number).map { .integer($0) } ?? .number(number) } ?? .null
    }
}
