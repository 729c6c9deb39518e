/// What happens while suites run, in order, from one task.
package enum SuiteEvent: Sendable {
    /// The run begins; so many samples are to be taken.
    case started(samples: Int)
    case sampleStarted(CaseID)
    case sampleFinished(CaseID, Sample)
    case caseFinished(CaseResult)
    case suiteFinished(SuiteResult)
}
