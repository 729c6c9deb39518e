import Suites

extension SuiteStatistics {
    /// What repeated samples say, one sentence each.
    var lines: [String] {
        let rate = interval.map { interval in
            "\(passed) of \(decided) decided cases passed: \(percent(interval.low)) to \(percent(interval.high)) with 95 % confidence"
        }
        let atK = k.flatMap { k in
            passAny.flatMap { any in
                passAll.map { all in "pass@\(k) \(percent(any)), pass^\(k) \(percent(all))" }
            }
        }
        return [rate, atK].compactMap(\.self) + tests
    }

    private func percent(_ share: Double) -> String {
        "\((share * 1000).rounded() / 10) %"
    }
}

extension SuiteResult {
    /// What repeated samples say, and what changed since the baseline; empty when there is neither.
    func statisticsLines(_ run: Run) -> [String] {
        let said = SuiteStatistics.isTelling(cases) ? statistics.lines : []
        guard let comparison else { return said }
        let gone = comparison.baseline.gone
        return said + ["beside the baseline \(comparison.baseline.title): \(comparison.text)"]
            + run.pairedTests.filter { $0.suite == suite }.map(\.text)
            + (gone.isEmpty ? [] : ["no longer there: \(gone.prefix(8).joined(separator: ", "))"])
    }
}

extension CaseComparison {
    /// `worse, 3/3 → 2/3`; nil when nothing changed.
    var remark: String? {
        switch change {
        case .worse, .better: [change.rawValue, trend].compactMap(\.self).joined(separator: ", ")
        case .same, .unknown: trend
        case .new: "new"
        }
    }
}
