package import Language
package import Runtime

/// What happens while suites run, in order, from one task.
package enum SuiteEvent: Sendable {
    /// The run begins; so many samples are to be taken.
    case started(samples: Int)
    case sampleStarted(CaseID)
    case sampleFinished(FinishedSample)
    /// With the reason why samples are missing, where some are.
    case caseFinished(CaseID, Verdict, notRun: Diagnostic?)
    case suiteFinished(SuiteResult)
}

/// A sample that was taken.
package struct FinishedSample: Sendable {
    package let id: CaseID
    /// Which of the samples of the case, from 1 on.
    package let number: Int
    package let sample: Sample
    /// Of the conversation that the sample is about; nil when conversations are not traced.
    package let trace: Trace?
    /// From the first question of the run.
    package let elapsed: Duration

    package init(id: CaseID, number: Int, sample: Sample, trace: Trace? = nil, elapsed: Duration = .zero) {
        self.id = id
        self.number = number
        self.sample = sample
        self.trace = trace
        self.elapsed = elapsed
    }
}
