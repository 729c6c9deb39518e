import Runtime
package import Wire

/// How the results of a suite are shown in MLflow: what the run of joined shards needs of it, which knows no spec.
package struct EvaluationRecord: Sendable, Hashable, Codable {
    package let place: MLflowPlace
    /// What the whole suite asks.
    package let dataset: MLflowRunDataset
    /// What the whole suite's answers are judged by, as MLflow's run tag `mlflow.genaiEvaluate.scorersDigest`.
    package let scorers: String
    /// What the results are kept under as evidence; nil where they are none.
    package private(set) var key: String?
    /// The logical digest of the agent, which is a part of the key.
    package private(set) var logical: String?
    /// How old samples may be to be added to, in seconds; nil where they are no evidence, and from an earlier drover.
    private var maxAge: Int?

    package init(place: MLflowPlace, dataset: MLflowRunDataset, scorers: String, evidence: StandingEvidence?) {
        self.place = place
        self.dataset = dataset
        self.scorers = scorers
        (key, logical) = (evidence?.key, evidence?.logical)
        maxAge = evidence.map { Int($0.maxAge.components.seconds) }
    }

    /// How old samples may be to be added to.
    package var maxEvidenceAge: Duration {
        maxAge.map { .seconds($0) } ?? Evidence.standardAge
    }

    /// What holds for the results of two shards: they are evidence only when both are, and of the same.
    func joined(with other: EvaluationRecord) -> EvaluationRecord {
        var joined = self
        joined.maxAge = [maxAge, other.maxAge].compactMap(\.self).min()
        return key == other.key ? joined : joined.withoutEvidence
    }

    /// The same where the results are no evidence.
    var withoutEvidence: EvaluationRecord {
        var open = self
        (open.key, open.logical, open.maxAge) = (nil, nil, nil)
        return open
    }
}
