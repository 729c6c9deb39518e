package import Language
package import Runtime

/// An event while suites run; events come in order, from one task.
package enum SuiteEvent: Sendable {
    /// The run starts, with the number of samples to take; sequential tests may need fewer.
    case started(samples: Int)
    case sampleStarted(CaseID)
    case sampleFinished(FinishedSample)
    /// With the reason why samples are missing, if any are.
    case caseFinished(CaseID, Verdict, notRun: Diagnostic?)
    case suiteFinished(SuiteResult)
}

/// A sample that was taken.
package struct FinishedSample: Sendable {
    package let id: CaseID
    /// The number of the sample within the case, from 1.
    package let number: Int
    package let sample: Sample
    /// The trace of the sample's conversation; nil when conversations are not traced.
    package let trace: Trace?
    /// The id of its trace in MLflow, `tr-…`, where an earlier run has written that.
    var keptTrace: String?
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
