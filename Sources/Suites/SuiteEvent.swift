package import Runtime

/// What happens while suites run, in order, from one task.
package enum SuiteEvent: Sendable {
    /// The run begins; so many samples are to be taken.
    case started(samples: Int)
    case sampleStarted(CaseID)
    /// The trace is of the conversation that the sample is about; nil when conversations are not traced.
    case sampleFinished(CaseID, Sample, Trace?)
    case caseFinished(CaseResult)
    case suiteFinished(SuiteResult)
}
