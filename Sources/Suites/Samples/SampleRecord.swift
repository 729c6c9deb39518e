import Language
import Runtime
import Wire

/// One sample in a log: everything that reports need. `LogEntry` shows one.
///
/// Empty, nil and default values are omitted.
package struct SampleRecord: Sendable, Hashable {
    /// The version of the format. Later versions of drover may add keys; it is incremented when one is removed or
    /// changes its meaning.
    package static let format = 1

    let format: Int
    let testCase: String
    /// The number of the sample within the case, from 1.
    let number: Int
    let verdict: SampleVerdict
    let attempts: Int
    /// Nanoseconds from the first question of the run.
    let elapsed: Int
    let turns: [TurnRecord]
    let problem: DiagnosticRecord?
    /// What the attempts before the last one spent: `{"isAll":false,"known":12}`; nil for nothing.
    let retried: SpentTokens?
    /// Whether the server refused the question that was not answered, which spent nothing then; nil for no.
    let refused: Bool?
    /// The id of its trace in MLflow, `tr-…`; nil when it is not traced.
    let trace: String?
}

/// One turn of a sample.
struct TurnRecord: Sendable, Hashable {
    let input: String
    let answer: AnswerRecord
    let outcomes: [OutcomeRecord]?
    let captured: [String: Value]?
}

/// The outcome of one expectation.
struct OutcomeRecord: Sendable, Hashable {
    enum Result: String, Sendable, Hashable {
        case passed, failed, error
    }

    let name: String
    let claim: String
    let place: Place
    let result: Result
    let reason: String?
    let expected: String?
    let actual: String?
    let notes: [DiagnosticRecord.Note]?
    /// What judges said.
    let ballots: [Ballot]?
}

extension SampleRecord {
    /// - Parameter sources: The sources that the ranges in the sample refer to.
    init(_ finished: FinishedSample, in sources: SourceMap) {
        let sample = finished.sample
        format = Self.format
        testCase = finished.id.description
        number = finished.number
        verdict = sample.verdict
        attempts = sample.attempts
        elapsed = finished.elapsed.nanoseconds
        turns = sample.turns.map { TurnRecord($0, in: sources) }
        problem = sample.problem.map { DiagnosticRecord($0, in: sources) }
        retried = sample.retried == SpentTokens() ? nil : sample.retried
        refused = sample.isRefused ? true : nil
        trace = finished.trace.map { "tr-\($0.id.hexadecimal)" } ?? finished.keptTrace
    }

    /// - Parameter sources: For looking up the places in it.
    func sample(in sources: SourceMap) throws(UnreadableRecord) -> Sample {
        var sample = Sample(
            verdict: verdict, turns: try turns.map { turn throws(UnreadableRecord) in try turn.turn(in: sources) },
            problem: try problem?.diagnostic(in: sources), attempts: attempts)
        sample.retried = retried ?? SpentTokens()
        sample.isRefused = refused ?? false
        return sample
    }
}

extension TurnRecord {
    fileprivate init(_ turn: TurnResult, in sources: SourceMap) {
        input = turn.input
        answer = AnswerRecord(turn.answer)
        outcomes = turn.outcomes.isEmpty ? nil : turn.outcomes.map { OutcomeRecord($0, in: sources) }
        captured = turn.captured.isEmpty ? nil : turn.captured
    }

    fileprivate func turn(in sources: SourceMap) throws(UnreadableRecord) -> TurnResult {
        TurnResult(
            input: input, answer: answer.answer,
            outcomes: try (outcomes ?? []).map { outcome throws(UnreadableRecord) in
                try outcome.outcome(in: sources)
            },
            captured: captured ?? [:])
    }
}

extension OutcomeRecord {
    fileprivate init(_ outcome: AssertionOutcome, in sources: SourceMap) {
        name = outcome.name
        claim = outcome.claim
        place = Place(outcome.range, in: sources)
        ballots = outcome.ballots.isEmpty ? nil : outcome.ballots
        switch outcome.result {
        case .passed:
            (result, reason, expected, actual, notes) = (.passed, nil, nil, nil, nil)
        case .failed(let mismatch):
            result = .failed
            reason = mismatch.reason
            expected = mismatch.expected
            actual = mismatch.actual
            notes =
                mismatch.notes.isEmpty ? nil : mismatch.notes.map { DiagnosticRecord.Note($0, in: sources) }
        case .error(let why):
            (result, reason, expected, actual, notes) = (.error, why, nil, nil, nil)
        }
    }

    fileprivate func outcome(in sources: SourceMap) throws(UnreadableRecord) -> AssertionOutcome {
        AssertionOutcome(
            name: name, claim: claim, range: try sources.known(place), result: try finding(in: sources),
            ballots: ballots ?? [])
    }

    private func finding(in sources: SourceMap) throws(UnreadableRecord) -> AssertionOutcome.Result {
        switch result {
        case .passed: return .passed
        case .error: return .error(reason ?? "")
        case .failed:
            let notes = try (notes ?? []).map { note throws(UnreadableRecord) in try note.note(in: sources) }
            return .failed(Mismatch(reason ?? "", expected: expected, actual: actual, notes: notes))
        }
    }
}
