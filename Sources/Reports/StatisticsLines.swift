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
        let said = SuiteStatistics.isTelling(cases) ? statistics.lines + open : []
        let limits = thresholds.filter { $0.name == "noWorseThan" }.map {
            "\($0.name): \($0.verdict.rawValue), \($0.actual); wanted: \($0.wanted)"
        }
        guard let comparison else { return said + limits }
        let gone = comparison.baseline.gone
        let tables = comparison.baseline.changedTables
        return said + limits + ["beside the baseline \(comparison.baseline.title): \(comparison.text)"]
            + (tables.isEmpty ? [] : ["read other rows then: \(tables.joined(separator: ", "))"])
            + run.pairedTests.filter { $0.suite == suite }.map(\.text)
            + (gone.isEmpty ? [] : ["no longer there: \(gone.prefix(8).joined(separator: ", "))"])
    }
}

extension SuiteResult {
    /// What it would take to know more of the deciding cases that are open: of how many, and how.
    fileprivate var open: [String] {
        var counts: [(text: String, count: Int)] = []
        for tally in cases where tally.decides && tally.repetition.samples > 1 {
            guard let text = tally.statistics.toKnowMore else { continue }
            if let known = counts.firstIndex(where: { $0.text == text }) {
                counts[known].count += 1
            } else {
                counts.append((text, 1))
            }
        }
        return counts.prefix(4).map { "\($0.count == 1 ? "1 case is" : "\($0.count) cases are") open: \($0.text)" }
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
