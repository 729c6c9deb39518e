import Suites

/// The sections of a report that is bounded: what matters most comes first, and what has no room is counted.
struct MarkdownSections {
    /// In the order in which they stand.
    enum Section: Int, CaseIterable {
        case suites, worse, thresholds, failed, inconclusive, flaky, quarantine, better, baseline, judges

        /// Where a case belongs; nil for one that passed without any finding.
        init?(_ tally: CaseTally) {
            switch tally.verdict {
            case _ where !tally.decides && (tally.hasFindings || tally.verdict != .passed): self = .quarantine
            case .failed: self = .failed
            case .inconclusive: self = .inconclusive
            case .passed where tally.hasFindings || tally.isMissingSamples: self = .flaky
            case .passed: return nil
            }
        }

        var title: String {
            switch self {
            case .suites:
                "| | Suite | Agent | Passed | Failed | Inconclusive | In quarantine |\n|---|---|---|--:|--:|--:|--:|\n"
            case .worse: "#### Worse than the baseline\n\n"
            case .thresholds: "#### Thresholds that were missed\n\n"
            case .failed: "#### Failed\n\n"
            case .inconclusive: "#### Could not be found out\n\n"
            case .flaky: "#### Passed, but not every time\n\n"
            case .quarantine: "#### In quarantine\n\n"
            case .better: "#### Better than the baseline\n\n"
            case .baseline: "#### Beside the baseline\n\n"
            case .judges: "#### What judges found good\n\n"
            }
        }
    }

    /// What each section needs beside its lines.
    private static let frame = 200
    /// Nothing is shorter.
    private static let shortest = 40
    /// After so many that had no room, no more are tried.
    private static let mostTries = 20

    private struct Line {
        let text: String
        /// The same in fewer words; nil when there are none.
        let short: String?

        /// What fits into a rest of the budget, which is smaller then; nil when nothing does.
        func fitted(into rest: inout Int) -> String? {
            for text in [text, short].compactMap(\.self) {
                let size = text.unicodeScalars.count
                guard size <= rest else { continue }
                rest -= size
                return text
            }
            return nil
        }
    }

    private let budget: Int
    private var lines: [Section: [Line]] = [:]
    private var sizes: [Section: Int] = [:]
    private var omitted: [Section: Int] = [:]

    /// - Parameter budget: For all sections together, in Unicode scalars.
    init(budget: Int) {
        self.budget = budget - Section.allCases.count * Self.frame
    }

    /// Whether nothing more of a section is tried, whatever is in the others.
    func isFull(_ section: Section) -> Bool {
        omitted[section, default: 0] >= Self.mostTries || sizes[section, default: 0] + Self.shortest > budget
    }

    mutating func leaveOut(_ count: Int, of section: Section) {
        omitted[section, default: 0] += count
    }

    mutating func add(_ texts: [String], to section: Section) {
        for text in texts { add(text, orElse: nil, to: section) }
    }

    /// - Parameter short: The same in fewer words, where it has no room.
    mutating func add(_ text: String, orElse short: String?, to section: Section) {
        var rest = budget - sizes[section, default: 0]
        let line = Line(text: text, short: short)
        guard !isFull(section), line.fitted(into: &rest) != nil else { return leaveOut(1, of: section) }
        sizes[section] = budget - rest
        lines[section, default: []].append(line)
    }

    /// All sections that have something.
    var text: String {
        var rest = budget
        return Section.allCases.map { section in
            let all = lines[section] ?? []
            let fitting = all.compactMap { $0.fitted(into: &rest) }
            let omitted = omitted[section, default: 0] + all.count - fitting.count
            guard !fitting.isEmpty || omitted > 0 else { return "" }
            let note = omitted > 0 ? "\n_\(omitted) more \(omitted == 1 ? "is" : "are") left out here._\n" : ""
            return "\n" + section.title + fitting.joined() + note
        }.joined()
    }
}
