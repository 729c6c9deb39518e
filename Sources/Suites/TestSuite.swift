package import Language

/// A named list of cases for one agent, ready to run: rows expanded, defaults applied.
package struct TestSuite: Sendable {
    package let name: String
    /// The declared name of the agent.
    package let agent: String
    package let experiment: String?
    package let range: SourceRange
    package let thresholds: Thresholds
    /// In declaration order.
    package var cases: TestCases

    package init(
        name: String, agent: String, experiment: String? = nil, range: SourceRange,
        thresholds: Thresholds = Thresholds(), cases: TestCases
    ) {
        self.name = name
        self.agent = agent
        self.experiment = experiment
        self.range = range
        self.thresholds = thresholds
        self.cases = cases
    }
    package init(
        name: String, agent: String, experiment: String? = nil, range: SourceRange,
        thresholds: Thresholds = Thresholds(), cases: [TestCase]
    ) {
        self.init(
            name: name, agent: agent, experiment: experiment, range: range, thresholds: thresholds,
            cases: TestCases(cases))
    }
}
