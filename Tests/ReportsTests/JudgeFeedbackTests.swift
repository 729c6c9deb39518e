import Language
import Runtime
import Suites
import Testing
import Wire

@testable import Reports

@Suite("What judges say, in MLflow")
struct JudgeFeedbackTests {
    private func ballot(_ votes: [Bool], minAgreement: Double? = nil) -> Ballot {
        Ballot(
            judge: "grounded", model: "lab/llm",
            votes: votes.map { Ballot.Vote(passes: $0, reason: $0 ? "It is there." : "It is made up.") },
            minAgreement: minAgreement)
    }

    private func sample(_ ballots: [Ballot], _ result: AssertionOutcome.Result, name: String = "judge") -> Sample {
        let range = SourceRange.start(of: SourceID(index: 0))
        let outcomes = [
            AssertionOutcome(name: name, claim: "is good", range: range, result: result, ballots: ballots)
        ]
        let turn = TurnResult(input: "q", answer: Answer(status: .completed), outcomes: outcomes)
        return Sample(verdict: .passed, turns: [turn])
    }

    @Test("A judge speaks for itself: by its model, with its reason, votes and agreement")
    func feedback() throws {
        let assessments = sample([ballot([true, false, true])], .passed).assessments
        #expect(assessments.map(\.name) == ["allPassed", "grounded"])
        let judged = try #require(assessments.last)
        #expect(judged.source == .judge("lab/llm"))
        #expect(judged.feedback == .value(true))
        #expect(judged.rationale == "It is there.")
        #expect(judged.metadata == ["drover.votes": "3", "drover.agreement": "0.667"])
    }

    @Test("One that is divided has no value, and one within a group stands beside it")
    func divided() throws {
        let divided = sample([ballot([true, false])], .error("It is divided.")).assessments
        guard case .error(let code, _)? = divided.last?.feedback else {
            Issue.record("A tie decides nothing.")
            return
        }
        #expect(code == "INCONCLUSIVE")
        let grouped = sample([ballot([false])], .passed, name: "not").assessments
        #expect(grouped.map(\.name) == ["allPassed", "not", "grounded"])
        #expect(grouped.map(\.feedback) == [.value(true), .value(true), .value(false)])
        #expect(sample([], .error("Nobody was heard.")).assessments.map(\.name) == ["allPassed", "judge"])
    }
}
