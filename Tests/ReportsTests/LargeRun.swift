import FoundationEssentials
import Language
import Runtime

@testable import Suites

/// A run of one suite with many cases, of which every seventh fails and every eleventh cannot be found out.
enum LargeRun {
    /// - Parameter longest: How many characters each answer has.
    static func recorded(
        cases count: Int, longest: Int = 400, thresholds: Thresholds = Thresholds()
    ) throws -> RecordedRun {
        let text = "drover: v1\nsuites:\n  large: {agent: support}\n"
        var sources = SourceMap()
        let source = sources.add(Source(path: "specs/large.yaml", bytes: Array(text.utf8)))
        let range = SourceRange(
            source: source, start: SourcePosition(line: 3, column: 3), end: SourcePosition(line: 3, column: 8))
        let cases = (1...count).map { number in
            TestCase(
                id: CaseID(suite: "large", name: "case", variant: "[row \(number)]"), name: "case", range: range,
                turns: [], labels: ["area": number.isMultiple(of: 2) ? "even" : "odd"])
        }
        let suite = TestSuite(name: "large", agent: "support", range: range, thresholds: thresholds, cases: cases)
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let record = RunRecord(
            stack: "large", version: "1.0.0", startedAt: "2026-06-01T12:00:00Z", sources: sources)
        let recorder = try RunRecorder(record, [suite], in: sources, to: log)
        for (index, testCase) in cases.enumerated() {
            let sample = sample(index + 1, at: range, longest: longest)
            try recorder.take(.sampleFinished(FinishedSample(id: testCase.id, number: 1, sample: sample)))
        }
        return try recorder.end(after: .seconds(60))
    }

    private static func sample(_ number: Int, at range: SourceRange, longest: Int) -> Sample {
        let text = String("Answer \(number) of the agent about `tyres` | <b>& more</b>. ".repeated(to: longest))
        let result: AssertionOutcome.Result =
            if number.isMultiple(of: 7) {
                .failed(Mismatch("The answer does not contain `sure`.", expected: "sure", actual: text))
            } else if number.isMultiple(of: 11) {
                .error("This server does not tell how many tokens an answer used.")
            } else {
                .passed
            }
        let answer = Answer(
            status: .completed, text: text, hasMessage: true,
            toolCalls: [
                Answer.ToolCall(name: "stock", tool: "stock", arguments: ["article": "tyre"], result: "12 pieces")
            ],
            usage: Answer.Usage(input: 300 + number % 50, output: 40), steps: 2,
            latency: .milliseconds(200 + number * 7919 % 1800))
        let outcome = AssertionOutcome(name: "contains", claim: "contains `sure`", range: range, result: result)
        let turn = TurnResult(input: "Question \(number)?", answer: answer, outcomes: [outcome])
        let verdict: SampleVerdict = number.isMultiple(of: 7) ? .failed : number.isMultiple(of: 11) ? .error : .passed
        return Sample(verdict: verdict, turns: [turn])
    }
}

extension String {
    fileprivate func repeated(to length: Int) -> Substring {
        String(repeating: self, count: length / count + 1).prefix(length)
    }
}
