package import Language

/// Which cases of all suites a run is about: the suite `golden`, the case `refund-window`, the label `area=billing`.
package struct SuiteFilter: Sendable, Hashable {
    /// Names of suites; none means all.
    package var suites: [String]
    /// Names of cases as written, or their ids with or without suite, row and values of a matrix; none means all.
    package var cases: [String]
    /// Labels that a case must have, all of them.
    package var labels: [String: String]
    /// Only these cases, as far as they are declared; nil for no such limit.
    package var only: Set<CaseID>?

    package init(suites: [String] = [], cases: [String] = [], labels: [String: String] = [:]) {
        self.suites = suites
        self.cases = cases
        self.labels = labels
    }

    /// Reads a label as it is asked for: `area=billing`.
    package static func label(_ text: String) throws(Diagnostic) -> (key: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw Diagnostic(
                "bad-label", "Unreadable label", detail: "`\(text)` is not a label.", fix: "Write `KEY=VALUE`.",
                cause: .usage)
        }
        return (parts[0], parts[1])
    }

    /// Removes cases that were not selected, and suites without any left.
    /// - Throws: When a name is unknown, or nothing is left.
    package func applied(to all: [TestSuite]) throws(Diagnostics) -> [TestSuite] {
        let problems = unknownSuites(all) + unknownCases(all)
        guard problems.isEmpty else { throw Diagnostics(problems) }
        let selected = all.filter { suites.isEmpty || suites.contains($0.name) }.map(selecting)
        let remaining = selected.filter { !$0.cases.isEmpty }
        guard !remaining.isEmpty else { throw Diagnostics([.nothingSelected(among: only)]) }
        return remaining
    }

    private func selecting(from suite: TestSuite) -> TestSuite {
        guard !cases.isEmpty || !labels.isEmpty || only != nil else { return suite }
        var suite = suite
        suite.cases = suite.cases.selecting { testCase in
            (only?.contains(testCase.id) ?? true) && (cases.isEmpty || cases.contains(where: testCase.isNamed))
                && labels.allSatisfy { testCase.labels[$0.key] == $0.value }
        }
        // What only the others run is not run.
        if !suite.programs.isEmpty {
            let places = Set(
                suite.cases.flatMap(\.turns).flatMap(\.expectations).flatMap(\.inquiries).compactMap(\.program?.place))
            suite.programs.removeAll { !places.contains($0.place) }
        }
        return suite
    }

    private func unknownSuites(_ all: [TestSuite]) -> [Diagnostic] {
        let names = all.map(\.name)
        return suites.filter { !names.contains($0) }.map { .unknown("suite", $0, among: names, shown: names) }
    }

    private func unknownCases(_ all: [TestSuite]) -> [Diagnostic] {
        guard !cases.isEmpty else { return [] }
        let known = all.flatMap(\.cases)
        return cases.filter { name in !known.contains { $0.isNamed(name) } }.map { name in
            .unknown(
                "case", name, among: known.map(\.id.description) + known.map(\.id.slug),
                shown: known.map(\.id.description))
        }
    }
}

extension TestCase {
    /// Whether a name selects this case, alone or together with other rows or combinations of its declaration.
    fileprivate func isNamed(_ text: String) -> Bool {
        let row = id.row ?? ""
        let variants: Set = ["", row, String((id.variant ?? "").dropFirst(row.count)), id.variant ?? ""]
        let prefix = "\(id.suite)/"
        let own = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        return name == text || variants.contains { own == id.slug + $0 }
    }
}

extension Diagnostic {
    fileprivate static func unknown(
        _ noun: String, _ name: String, among names: [String], shown: [String]
    ) -> Diagnostic {
        let some = shown.prefix(8).listed
        let rest = shown.count > 8 ? ", or one of \(shown.count - 8) more" : ""
        return Diagnostic(
            "unknown-\(noun)".asCode, "Unknown \(noun)", detail: "There is no \(noun) `\(name)`.",
            fix: Suggestion.nearest(to: name, among: names).map { "Did you mean `\($0)`?" }
                ?? (shown.isEmpty ? "Declare one." : "Use one that the spec declares: \(some)\(rest)."),
            cause: .usage)
    }

    /// - Parameter only: The cases to which the selection was limited.
    fileprivate static func nothingSelected(among only: Set<CaseID>?) -> Diagnostic {
        let names = (only ?? []).map(\.description).sorted()
        let rest = names.count > 8 ? ", or one of \(names.count - 8) more" : ""
        let limit =
            only == nil ? "" : ", and is one of those that did not pass in that run: \(names.prefix(8).listed)\(rest)"
        return Diagnostic(
            "nothing-selected", "No case selected", detail: "No declared case has all that is asked for\(limit).",
            fix: "Ask for less, or declare a suite with cases.", cause: .usage)
    }
}

extension String {
    fileprivate var asCode: Diagnostic.Code { Diagnostic.Code(self) }
}
