import FoundationEssentials
import Language
import Runtime
import Testing
import Wire

@testable import Reports
@testable import Suites

/// A run over `Golden/helpdesk.yaml` with everything in it that a report can meet.
struct SampleRun {
    static let directory = Paths.parent(of: #filePath) + "/Golden"
    private let text: String
    private let source: SourceID
    let sources: SourceMap
    /// At the end of what one answer says and of what one tool returned.
    private let noise: String
    /// The address of the agent that was asked.
    private let target: String?

    init(noise: String = "\u{1B}[0m", target: String? = nil) throws {
        self.noise = noise
        self.target = target
        let bytes = try FileBytes.read(Self.directory + "/helpdesk.yaml", atMost: 1 << 20)
        var sources = SourceMap()
        source = sources.add(Source(path: "specs/helpdesk.yaml", bytes: bytes))
        text = String(decoding: bytes, as: UTF8.self)
        self.sources = sources
    }

    /// The run as its log tells it, without the spec.
    var recorded: RecordedRun {
        get throws { try RecordedRun.read(log().log) }
    }

    /// Writes the log of the run, and tells what happens in it.
    func log(
        to kept: SampleLog? = nil, onEvent: (SuiteEvent) -> Void = { _ in }
    ) throws -> (log: SampleLog, recorder: RunRecorder) {
        let log = try kept ?? SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let record = RunRecord(
            stack: "helpdesk", version: "1.0.0", startedAt: "2026-06-01T12:00:00Z", target: target, sources: sources)
        let recorder = try RunRecorder(record, suites, in: sources, to: log)
        for (suite, tried) in [(suites[0], golden), (suites[1], smoke)] {
            for (testCase, samples) in tried {
                for (number, sample) in samples.enumerated() {
                    let finished = FinishedSample(
                        id: testCase.id, number: number + 1, sample: sample, trace: trace(testCase, number))
                    try recorder.take(.sampleFinished(finished))
                    onEvent(.sampleFinished(finished))
                }
            }
            let over = try #require(try recorder.recorded.run.suites.first { $0.suite == suite.name })
            try recorder.take(.suiteFinished(over))
            onEvent(.suiteFinished(over))
        }
        _ = try recorder.end(after: .milliseconds(72_340))
        return (log, recorder)
    }

    var suites: [TestSuite] {
        [
            TestSuite(
                name: "golden", agent: "support", range: place("golden"),
                thresholds: Thresholds(
                    passRate: Located(0.5, at: place("0.5")), latencyP95: Located(.seconds(2), at: place("2s"))),
                cases: golden.map(\.testCase)),
            TestSuite(name: "smoke", agent: "billing", range: place("smoke"), cases: smoke.map(\.testCase)),
        ]
    }

    private func trace(_ testCase: TestCase, _ number: Int) -> Trace {
        let high = testCase.id.description.utf8.reduce(1) { $0 * 31 % 1_000_003 + UInt64($1) }
        let id = TraceID(high: high | 1, low: UInt64(number) << 8)
        return Trace(id: id, root: Span("support", .agent, start: 0, end: 5_000_000), request: "q", response: "a")
    }

    /// The place of the first text of this kind in the spec; a text that is not there is at its start.
    private func place(_ wanted: String) -> SourceRange {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let found = line.firstRange(of: wanted) else { continue }
            let column = UInt32(line[..<found.lowerBound].unicodeScalars.count + 1)
            let start = SourcePosition(line: UInt32(index + 1), column: column)
            let width = UInt32(wanted.unicodeScalars.count)
            return SourceRange(
                source: source, start: start, end: SourcePosition(line: start.line, column: column + width))
        }
        return SourceRange(
            source: source, start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))
    }

    private func testCase(
        _ name: String, in suite: String = "golden", repetition: Repetition = .once, quarantine: Quarantine? = nil
    ) -> TestCase {
        TestCase(
            id: CaseID(suite: suite, name: name), name: name, range: place(name), turns: [], labels: ["area": "money"],
            repetition: repetition, quarantine: quarantine)
    }

    private func outcome(_ name: String, at text: String, _ result: AssertionOutcome.Result) -> AssertionOutcome {
        AssertionOutcome(name: name, claim: "meets `\(name)`", range: place(text), result: result)
    }

    private func said(_ text: String, _ milliseconds: Int, tokens: Int?, calls: [Answer.ToolCall] = []) -> Answer {
        Answer(
            status: .completed, text: text, hasMessage: true, toolCalls: calls,
            retrieved: [Answer.Passage(document: "docs/refunds.md", score: 0.5)], cited: ["docs/refunds.md"],
            usage: tokens.map { Answer.Usage(input: $0, output: 12) }, steps: 1,
            latency: .milliseconds(milliseconds), timeToFirstToken: .milliseconds(80))
    }

    private typealias Tried = (testCase: TestCase, samples: [Sample])

    private var golden: [Tried] {
        [refund, ticket, tokens, flaky, silence]
    }

    private var refund: Tried {
        let turn = TurnResult(
            input: "What is the refund window?", answer: said("Within 30 days.", 1204, tokens: 300),
            outcomes: [
                outcome("contains", at: "contains: 30 days", .passed),
                outcome("cites", at: "cites: docs/refunds.md", .passed),
            ])
        return (testCase("refund window"), [Sample(verdict: .passed, turns: [turn])])
    }

    private var ticket: Tried {
        let call = Answer.ToolCall(
            name: "ticket_create", tool: "tickets", arguments: ["order": "4411"], result: "{\"ticketId\": 7}")
        let first = TurnResult(
            input: "My order <4411> is broken, open a ticket.", answer: said("Done.", 400, tokens: 200, calls: [call]),
            outcomes: [], captured: ["ticket": 7])
        let expected =
            "The state of the ticket is open.\nIt was opened today, by you, for order 4411.\nWe answer within two working days."
        let actual =
            "The state of the ticket is open.\nIt was opened today, by you, for order 4412.\nWe answer within two working days."
        let mismatch = Mismatch("The answer is not the text that was expected.", expected: expected, actual: actual)
        let group = Mismatch(
            "Of 2 expectations 1 must hold, and 0 did.", actual: noise == "\u{1B}[0m" ? "…" : "…\(noise)",
            notes: [
                Diagnostic.Note("The answer does not contain `closed`.", at: place("contains: closed")),
                Diagnostic.Note("The agent called a tool.", at: place("noTool: true")),
            ])
        let second = TurnResult(
            input: "What is its state?", answer: said(actual + noise, 3000, tokens: 900),
            outcomes: [
                outcome("equals", at: "equals: |", .failed(mismatch)), outcome("any", at: "any:", .failed(group)),
            ])
        return (testCase("ticket"), [Sample(verdict: .failed, turns: [first, second], attempts: 2)])
    }

    private var tokens: Tried {
        let turn = TurnResult(
            input: "Hello & welcome", answer: said("Hello!", 84, tokens: nil),
            outcomes: [
                outcome(
                    "tokens", at: "tokens: {total: 100}",
                    .error("This server does not tell how many tokens an answer used."))
            ])
        return (testCase("tokens"), [Sample(verdict: .error, turns: [turn])])
    }

    private var flaky: Tried {
        let turn = TurnResult(
            input: "Hm?", answer: said("Maybe.", 500, tokens: 10),
            outcomes: [
                outcome(
                    "contains", at: "contains: sure",
                    .failed(Mismatch("The answer does not contain `sure`.", expected: "sure", actual: "Maybe.")))
            ])
        let quarantine = CalendarDay("2027-01-31").map {
            Quarantine(until: $0, reason: "slow model", range: place("2027-01-31"))
        }
        return (testCase("flaky", quarantine: quarantine), [Sample(verdict: .failed, turns: [turn])])
    }

    private var silence: Tried {
        let timeout = Diagnostic(
            "case-timeout", "The case took too long",
            detail: "The conversation of `golden/silence` was not over after 1 min.",
            fix: "Raise the `timeout` of the case, or find out what the server waits for.", at: place("silence"),
            address: "golden/silence", cause: .inconclusive)
        return (testCase("silence"), [Sample(verdict: .error, turns: [], problem: timeout, attempts: 3)])
    }

    private var smoke: [Tried] {
        func sample(_ text: String, _ result: AssertionOutcome.Result, _ verdict: SampleVerdict) -> Sample {
            let turn = TurnResult(
                input: "Ping", answer: said(text, 20, tokens: 5),
                outcomes: [outcome("contains", at: "contains: pong", result)])
            return Sample(verdict: verdict, turns: [turn])
        }
        let wrong = Mismatch("The answer does not contain `pong`.", expected: "pong", actual: "What?")
        let samples = [
            sample("pong", .passed, .passed), sample("What?", .failed(wrong), .failed),
            sample("pong", .passed, .passed),
        ]
        return [(testCase("often", in: "smoke", repetition: Repetition(samples: 3, atLeast: 2)), samples)]
    }
}

extension Report {
    /// The whole report as text.
    func text(of recorded: RecordedRun) throws -> String {
        var bytes: [UInt8] = []
        try ReportOutput.collect({ bytes += $0 }) { output in try write(recorded, to: &output) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
