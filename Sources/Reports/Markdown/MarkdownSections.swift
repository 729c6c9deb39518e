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

    private let budget: Int
    private var lines: [Section: [String]] = [:]
    private var sizes: [Section: Int] = [:]
    private var omitted: [Section: Int] = [:]

    /// - Parameter budget: For all sections together, in Unicode scalars.
    init(budget: Int) {
        self.budget = budget - Section.allCases.count * Self.frame
    }

    /// Whether nothing more of a section can be shown, whatever is in the others.
    func isFull(_ section: Section) -> Bool {
        omitted[section, default: 0] > 0
    }

    mutating func leaveOut(_ count: Int, of section: Section) {
        omitted[section, default: 0] += count
    }

    mutating func add(_ texts: [String], to section: Section) {
        for text in texts {
            let size = text.unicodeScalars.count
            guard !isFull(section), sizes[section, default: 0] + size <= budget else {
                leaveOut(1, of: section)
                continue
            }
            sizes[section, default: 0] += size
            lines[section, default: []].append(text)
        }
    }

    /// All sections that have something.
    var text: String {
        var rest = budget
        return Section.allCases.map { section in
            let all = lines[section] ?? []
            let fitting = Markdown.fitted(all, into: &rest)
            let omitted = omitted[section, default: 0] + all.count - fitting.count
            guard !fitting.isEmpty || omitted > 0 else { return "" }
            let note = omitted > 0 ? "\n_\(omitted) more \(omitted == 1 ? "is" : "are") left out here._\n" : ""
            return "\n" + section.title + fitting.joined() + note
        }.joined()
    }
}
