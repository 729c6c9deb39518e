package import Language

/// A named list of cases for one agent, ready to run: rows expanded, defaults applied.
package struct TestSuite: Sendable {
    package let name: String
    /// The declared name of the agent.
    package let agent: String
    package let experiment: String?
    package let range: SourceRange
    package var thresholds: Thresholds
    /// In declaration order.
    package var cases: TestCases
    /// The judges that its expectations ask, by their declared names.
    package let judges: [String: Judge]
    /// The programs that its expectations run, as far as the spec names them without the values of a run.
    package var programs: [ProgramQuestion] = []
    /// Whether models are asked about its answers: judges, or embedding models.
    package var asksModels = false
    /// The earlier run that it is compared with; nil for none.
    package var baseline: Baseline?

    package init(
        name: String, agent: String, experiment: String? = nil, range: SourceRange,
        thresholds: Thresholds = Thresholds(), cases: TestCases, judges: [String: Judge] = [:]
    ) {
        self.name = name
        self.agent = agent
        self.experiment = experiment
        self.range = range
        self.thresholds = thresholds
        self.cases = cases
        self.judges = judges
    }

    package init(
        name: String, agent: String, experiment: String? = nil, range: SourceRange,
        thresholds: Thresholds = Thresholds(), cases: [TestCase], judges: [String: Judge] = [:]
    ) {
        self.init(
            name: name, agent: agent, experiment: experiment, range: range, thresholds: thresholds,
            cases: TestCases(cases), judges: judges)
    }
}

extension TestSuite {
    /// Whether only what is missing beside earlier samples is asked.
    package var isRemainder: Bool { cases.isRemainder }

    /// The same that asks only what is missing beside samples that stand.
    ///
    /// All of it is asked again where no case that decides lacks any, for then something else did not decide, and where it limits how
    /// often or how slowly a run as a whole may answer: a part of it says nothing about that.
    package func asking(after earlier: EarlierSamples) -> TestSuite {
        guard earlier.runs > 0, !thresholds.measuresRun else { return self }
        var rest = self
        rest.cases = cases.missing(beside: earlier)
        return rest.cases.contains { $0.quarantine == nil && $0.repetition.wanted > 0 } ? rest : self
    }

    /// The same as a shard runs it: thresholds are judged once all shards are joined, and only budgets stop it.
    package var asShard: TestSuite {
        var suite = self
        suite.thresholds = thresholds.budgets
        return suite
    }
}

extension [TestSuite] {
    /// Digests of the cases and of the judges that they ask, by address.
    package var versions: [String: String] {
        let digests: [String] = flatMap { suite in suite.cases.map { $0.digest } }
        var versions: [String: String] = ["cases": sha256Hex([UInt8](digests.joined(separator: "\n").utf8))]
        for (name, judge) in flatMap(\.judges) { versions["judges.\(name)"] = judge.digest }
        return versions
    }
}
