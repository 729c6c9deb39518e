package import Engine
package import Language

extension Workflow {
    /// The judges whose names stand for something else among the assessments of a sample in MLflow: both would be one there.
    package var takenJudgeNames: [Diagnostic] {
        let taken = Set(allAssertions.map { $0.field.name })
            .union(["allPassed", AssertionOutcome.message, AssertionOutcome.capture])
        return specs(of: JudgeSpec.self).map(\.declaration).filter { taken.contains($0.address.name) }
            .map { .takenName(of: $0.address.name, at: $0.range) }
    }
}

extension Diagnostic {
    fileprivate static func takenName(of judge: String, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "judge-named-like-assertion", "A judge with the name of an assertion",
            detail:
                "In MLflow `\(judge)` is what drover itself finds of an answer, and the judge would be mixed with it.",
            fix: "Give the judge another name.", at: range)
    }
}
