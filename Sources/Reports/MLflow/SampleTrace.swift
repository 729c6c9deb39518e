import Language
import Runtime
import Suites
import Wire

extension Trace {
    /// The trace of a sample for its evaluation: linked to run and model, with assessments.
    func evaluated(_ finished: FinishedSample, run: String?, at place: MLflowPlace) -> MLflowTrace {
        var trace = self
        let (sample, testCase) = (finished.sample, finished.id)
        trace.name = testCase.description
        trace.requestID = testCase.description
        // Only for conversations: MLflow groups traces by session as soon as one has a session.
        if sample.turns.count > 1 { trace.session = "\(testCase)/\(id.hexadecimal.prefix(8))" }
        trace.run = run
        trace.model = place.modelID
        trace.tags = [
            "drover.case": testCase.description, "drover.verdict": sample.verdict.rawValue,
            "mlflow.eval.requestId": finished.key,
        ]
        var evaluated = trace.mlflow(inExperiment: place.experimentID)
        evaluated.linksPrompts = false  // The run is linked to them: a request for each sample less.
        evaluated.assessments = sample.assessments
        return evaluated
    }
}

extension FinishedSample {
    /// The same in every run: by it MLflow pairs the samples of two runs (`mlflow.genai.compare_evaluations`, 3.18).
    fileprivate var key: String {
        String(sha256Hex(Array("\(id)\0\(number)".utf8)).prefix(32))
    }
}

extension Sample {
    /// One for each assertion that its turns name, one for each judge, and one for all together. An assertion that occurs
    /// several times holds when it holds every time: MLflow's views show one value per name.
    var assessments: [MLflowAssessment] {
        // A judge that was heard speaks for itself.
        let all = turns.flatMap(\.outcomes).filter { $0.name != "judge" || $0.ballots.isEmpty }
        let judges = Dictionary(grouping: turns.flatMap(\.ballots), by: \.judge).sorted { $0.key < $1.key }
        return [assessment]
            + Dictionary(grouping: all, by: \.name).sorted { $0.key < $1.key }.map { name, outcomes in
                MLflowAssessment(
                    name, from: Self.source, feedback: outcomes.feedback,
                    rationale: outcomes.map(\.line).joined(separator: "\n"))
            } + judges.map { $1.assessment(named: $0) }
    }

    private static let source = MLflowAssessment.Source.code("drover")
    /// The name of the overall assessment: MLflow's views show the alphabetically first names by default.
    private static let together = "allPassed"

    private var assessment: MLflowAssessment {
        let reason = problem?.detail
        let feedback: MLflowAssessment.Feedback =
            switch verdict {
            case .passed: .value(true)
            case .failed: .value(false)
            case .error: .error(code: "INCONCLUSIVE", message: reason ?? "An assertion could not be judged.")
            }
        return MLflowAssessment(Self.together, from: Self.source, feedback: feedback, rationale: reason)
    }
}

extension [AssertionOutcome] {
    /// A failure counts, whatever else was inconclusive.
    fileprivate var feedback: MLflowAssessment.Feedback {
        var unknown: String?
        for outcome in self {
            switch outcome.result {
            case .failed: return .value(false)
            case .error(let reason): unknown = unknown ?? reason
            case .passed: continue
            }
        }
        return unknown.map { .error(code: "UNOBSERVABLE", message: $0) } ?? .value(true)
    }
}

extension [Ballot] {
    /// What one judge said in all turns: good when it found every answer good.
    fileprivate func assessment(named name: String) -> MLflowAssessment {
        var feedback = MLflowAssessment.Feedback.value(true)
        var reasons: [String] = []
        var metadata = ["drover.votes": map { "\($0.votes.count)" }.joined(separator: ", ")]
        var agreements: [String] = []
        for ballot in self {
            do throws(Unobservable) {
                let decision = try ballot.decision()
                if !decision.passes { feedback = .value(false) }
                reasons += decision.reasons.prefix(1)
                agreements.append("\((decision.agreement * 1_000).rounded() / 1_000)")
            } catch {
                if feedback == .value(true) { feedback = .error(code: "INCONCLUSIVE", message: error.reason) }
                reasons.append(error.reason)
            }
        }
        if !agreements.isEmpty { metadata["drover.agreement"] = agreements.joined(separator: ", ") }
        let marks = compactMap(\.mark)
        if !marks.isEmpty { metadata["drover.mark"] = marks.map { "\($0)" }.joined(separator: ", ") }
        return MLflowAssessment(
            name, from: .judge(first?.model ?? ""), feedback: feedback, rationale: reasons.joined(separator: "\n"),
            metadata: metadata)
    }
}

extension AssertionOutcome {
    /// `✓ contains "30 days"`, or what is wrong instead.
    fileprivate var line: String {
        switch result {
        case .passed: "✓ \(claim)"
        case .failed(let mismatch): "✗ \(claim): \(mismatch.reason)"
        case .error(let reason): "? \(claim): \(reason)"
        }
    }
}
