import FoundationEssentials
import Language
import Runtime
import Support
import Testing

@testable import Suites

@Suite("SampleLog")
struct SampleLogTests {
    private static func testCase(_ name: String, samples: Int = 1, of suite: String = "golden") -> TestCase {
        TestCase(
            id: CaseID(suite: suite, name: name), name: name, range: place(2), turns: [], labels: ["area": "money"],
            repetition: Repetition(samples: samples, atLeast: 1),
            quarantine: CalendarDay("2027-01-31").map { Quarantine(until: $0, reason: "slow", range: place(3)) })
    }

    private static let suites = [
        TestSuite(
            name: "golden", agent: "a", experiment: "e", range: place(1),
            thresholds: Thresholds(
                passRate: Located(0.5, at: place(5)), errorRate: Located(0.1, at: place(6)),
                latencyP50: Located(.milliseconds(1), at: place(7)), latencyP95: Located(.seconds(2), at: place(8)),
                totalTokens: Located(9, at: place(9)), maxDuration: Located(.seconds(60), at: place(10)),
                minCases: Located(0, at: place(11)),
                noWorseThan: Located(Thresholds.NoWorseThan(margin: 0.1), at: place(12))),
            cases: [testCase("one", samples: 2), testCase("two")])
    ]

    /// With everything in it that a sample can have.
    private static var sample: Sample {
        var answer = Answer(
            status: .incomplete, text: "30 days\n\u{1B}", hasMessage: true,
            toolCalls: [
                Answer.ToolCall(
                    name: "search", tool: "desk", arguments: ["a": [1, 2.5, Value.null, true]], result: "r", error: "e")
            ],
            retrieved: [Answer.Passage(document: "d.md", score: 0.123456789, text: "passage")], cited: ["d.md"],
            tellsSources: false, usage: Answer.Usage(input: 3, output: 4), steps: 2, latency: .nanoseconds(1_234_567),
            timeToFirstToken: .nanoseconds(89), streamedText: "30", error: "why", id: "resp_1")
        answer.tellsCitations = false
        answer.tellsToolErrors = false
        answer.fallback = "because"
        answer.pendingCalls = [Answer.ToolCall(name: "ask", tool: "ask", arguments: [:])]
        let notes = [Diagnostic.Note("part", at: place(11)), Diagnostic.Note("nowhere")]
        var problem = Diagnostic(
            "code", "Summary", detail: "Detail.", fix: "Fix.", at: place(13), address: "golden/one", notes: notes,
            severity: .warning, cause: .unavailable)
        problem.hidden = [place(12)]
        let mismatch = Mismatch("Reason.", expected: "x", actual: "y", notes: notes)
        let turn = TurnResult(
            input: "What?", answer: answer,
            outcomes: [
                AssertionOutcome(name: "contains", claim: "contains", range: place(4), result: .passed),
                AssertionOutcome(name: "equals", claim: "equals", range: place(4), result: .failed(mismatch)),
                AssertionOutcome(name: "tokens", claim: "tokens", range: place(4), result: .error("Not told.")),
            ],
            captured: ["ticket": ["id": 7]])
        var sample = Sample(verdict: .failed, turns: [turn, turn], problem: problem, attempts: 3)
        sample.retried.take(Answer.Usage(input: 5, output: 6))
        sample.retried.take(nil)
        sample.isRefused = true
        return sample
    }

    private func record(to log: SampleLog) throws -> RunRecorder {
        let recorder = try RunRecorder(Self.suites, to: log)
        let id = Self.suites[0].cases[0].id
        try recorder.take(
            .sampleFinished(FinishedSample(id: id, number: 2, sample: Self.sample, elapsed: .seconds(3))))
        try recorder.take(.caseFinished(Self.suites[0].cases[1].id, .inconclusive, notRun: .interrupted))
        return recorder
    }

    private func temporary() throws -> SampleLog {
        try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
    }

    @Test("Lines that are written together are where they were said to be")
    func together() throws {
        let log = try temporary()
        _ = try log.append(Array("first\n".utf8))
        let lines = (0..<300).map { Array("\($0) \(String(repeating: "x", count: $0 * 3))\n".utf8) }
        var spans: [SampleLog.Span] = []
        try log.collecting { together throws(Diagnostic) in
            for line in lines { spans.append(try together.append(line, after: line)) }
        }
        let last = try log.append(Array("last\n".utf8))
        for (line, span) in zip(lines, spans) { #expect(try log.line(at: span) + [0x0A] == line) }
        #expect(try log.line(at: last) == Array("last".utf8))
        var read: [[UInt8]] = []
        try log.forEachLine { (_, line) throws(Diagnostic) in read.append(line + [0x0A]) }
        #expect(read == [Array("first\n".utf8)] + lines.flatMap { [$0, $0] } + [Array("last\n".utf8)])
    }

    @Test("What was recorded is read back as it was")
    func roundTrip() throws {
        let log = try temporary()
        _ = try record(to: log).end(after: .seconds(4))
        let read = try RecordedRun.read(log)
        #expect(read.run.duration == .seconds(4))
        let shown = try #require(try read.shown.first)
        #expect(shown.suite.suite == "golden" && shown.suite.agent == "a" && shown.suite.range == place(1))
        #expect(shown.suite.thresholds.count == 8)
        #expect(shown.suite.thresholds.compactMap(\.range) == (5...12).map { place(UInt32($0)) })
        let one = shown.cases[0]
        #expect(one.samples == [Self.sample])
        #expect(one.labels == ["area": "money"] && one.quarantine == Self.suites[0].cases[0].quarantine)
        #expect(one.repetition == Repetition(samples: 2, atLeast: 1))
        #expect(shown.cases[1].notRun == .interrupted && shown.cases[1].samples.isEmpty)
    }

    @Test("Each line is JSON with its keys in order, whoever writes it")
    func canonical() throws {
        let log = try temporary()
        _ = try record(to: log).end(after: .seconds(4))
        var keys: [String] = []
        try log.forEachLine { (_, line) throws(Diagnostic) in
            let value = try? Value(json: line)
            keys += value?.object.map { Array($0.keys) } ?? []
            #expect(value?.canonicalJSON == String(decoding: line, as: UTF8.self))
        }
        #expect(Set(keys) == ["run", "suite", "case", "line", "sample", "notRun", "end"])
    }

    @Test("A log carries the baseline and the sequential test of a case, which needs fewer samples than it may take")
    func sequential() throws {
        let test = SequentialTest(reliability: 0.95, unacceptable: 0.7)
        var suite = Self.suites[0]
        let one = TestCase(
            id: CaseID(suite: "golden", name: "one"), name: "one", range: place(2), turns: [],
            repetition: Repetition(test))
        suite.cases = TestCases([one])
        let then = Baseline.Case(verdict: .failed, passed: 0, failed: 2, errors: 0, latency: 5, tokens: 1.5)
        suite.baseline = Baseline(
            name: "blessed", run: "abc", cases: ["golden/one": then, "golden/old": then], tables: ["a.csv": "12"]
        ).compared(withCasesOf: suite)
        let log = try temporary()
        let recorder = try RunRecorder([suite], to: log)
        for number in 1...10 {
            let sample = Sample(verdict: .passed, turns: [])
            try recorder.take(.sampleFinished(FinishedSample(id: one.id, number: number, sample: sample)))
        }
        for recorded in [try recorder.end(after: .seconds(1)), try RecordedRun.read(log)] {
            let result = try #require(recorded.run.suites.first)
            #expect(result.cases[0].verdict == .passed && result.cases[0].repetition.test == test)
            #expect(!result.cases[0].isMissingSamples)
            let comparison = try #require(result.comparison)
            #expect(comparison.baseline == suite.baseline && comparison.baseline.gone == ["golden/old"])
            #expect(comparison.cases.map(\.change) == [.better] && comparison.cases.first?.trend == "0/2 → 10/10")
            #expect(try recorded.result(of: recorded.positions(ofSuite: 0)[0]).notRun == nil)
        }
    }

    @Test("Of a run that was killed in the middle of a line everything before it is read, and the rest was not run")
    func cut() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/run.jsonl"
            let log = try SampleLog.create(path)
            let recorder = try RunRecorder(Self.suites, to: log)
            let id = Self.suites[0].cases[0].id
            for number in 1...2 {
                let sample = Sample(verdict: .passed, turns: [])
                try recorder.take(
                    .sampleFinished(FinishedSample(id: id, number: number, sample: sample, elapsed: .seconds(number))))
            }
            let whole = try Data(contentsOf: URL(filePath: path))
            try whole.dropLast(9).write(to: URL(filePath: path))
            let read = try RecordedRun.read(SampleLog.read(path))
            let shown = try #require(try read.shown.first)
            #expect(shown.cases.map(\.samples.count) == [1, 0])
            #expect(shown.cases.map { $0.notRun?.code } == ["interrupted", "interrupted"])
            #expect(read.run.duration == .seconds(1) && read.run.verdict == .inconclusive)
        }
    }

    @Test("A log with numbers that cannot be is refused, at its place")
    func impossibleNumbers() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/run.jsonl"
            _ = try record(to: try SampleLog.create(path)).end(after: .seconds(4))
            let text = try String(contentsOfFile: path, encoding: .utf8)
            for count in ["9223372036854775807", "-1"] {
                for edited in [
                    text.replacing(/"usage":\{"input":[0-9]+/, with: "\"usage\":{\"input\":\(count)"),
                    text.replacing(/"latency":[0-9]+/, with: "\"latency\":\(count)"),
                ] {
                    try #require(edited != text)
                    try Data(edited.utf8).write(to: URL(filePath: path))
                    let error = #expect(throws: Diagnostic.self) { try RecordedRun.read(SampleLog.read(path)) }
                    #expect(error?.detail.contains("it is no entry") == true, "\(String(describing: error))")
                }
            }
        }
    }

    @Test("A log is not written over another file")
    func existing() async throws {
        try await withTemporaryDirectory { directory in
            try Data("mine".utf8).write(to: URL(filePath: directory + "/run.jsonl"))
            let error = #expect(throws: Diagnostic.self) { try SampleLog.create(directory + "/run.jsonl") }
            #expect(error?.code == "samples-not-written")
        }
    }

    @Test("A temporary log leaves no file behind, also while it is used")
    func temporaryFile() async throws {
        try await withTemporaryDirectory { directory in
            let log = try SampleLog.temporary(in: directory)
            _ = try record(to: log)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
            #expect(try RecordedRun.read(log).shown.first?.cases.first?.samples.count == 1)
        }
    }

    private static let run =
        "{\"run\":{\"stack\":\"s\",\"version\":\"1\",\"startedAt\":\"2026-06-01T12:00:00Z\",\"sources\":[]}}\n"

    @Test(
        "A log that drover did not write, or a later one wrote, is refused",
        arguments: [
            ("{\"what\":1}\n", "does not begin as"), ("no JSON\n", "does not begin as"), ("", "no run begins there"),
            ("{\"suiteEnd\":{\"suite\":\"x\",\"elapsed\":1}}\n", "does not begin as"),
            (SampleLogTests.run + "{\"what\":1}\n", "it is no entry"),
            (SampleLogTests.run + "no JSON\n", "it is no entry"),
            (SampleLogTests.run + "{\"suiteEnd\":{\"suite\":\"x\",\"elapsed\":1}}\n", "it names `x`"),
        ])
    func foreign(text: String, reason: String) throws {
        let log = try temporary()
        if !text.isEmpty { _ = try log.append(Array(text.utf8)) }
        let error = #expect(throws: Diagnostic.self) { try RecordedRun.read(log) }
        #expect(error?.detail.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("A sample of a later format is refused")
    func laterFormat() throws {
        let log = try temporary()
        _ = try RunRecorder(Self.suites, to: log)
        let sample =
            #"{"sample":{"format":2,"case":"golden/one","number":1,"verdict":"passed","attempts":1,"#
            + #""elapsed":1,"turns":[]}}"# + "\n"
        _ = try log.append(Array(sample.utf8))
        let error = #expect(throws: Diagnostic.self) { try RecordedRun.read(log) }
        #expect(error?.detail.contains("its format is 2, and not 1") == true)
    }

    @Test("What was recorded of one suite holds only that suite, as the whole run has it")
    func oneSuite() throws {
        let other = TestSuite(
            name: "smoke", agent: "a", range: place(1), cases: [Self.testCase("one", of: "smoke")])
        let recorder = try RunRecorder(Self.suites + [other], to: try temporary())
        for suite in [Self.suites[0], other] {
            let finished = FinishedSample(
                id: suite.cases[0].id, number: 1, sample: Sample(verdict: .passed, turns: []), elapsed: .seconds(1))
            try recorder.take(.sampleFinished(finished))
        }
        let whole = try recorder.recorded
        for (index, name) in ["golden", "smoke"].enumerated() {
            let one = try recorder.recorded(suite: name)
            #expect(one.run.suites == [whole.run.suites[index]] && one.path == recorder.path)
            let position = try #require(one.positions(ofSuite: 0).first)
            #expect(try one.lines(of: position) == whole.lines(of: whole.positions(ofSuite: index)[0]))
        }
        #expect(try recorder.recorded(suite: "none").run.suites.isEmpty)
        #expect(whole.index(ofSuite: "smoke") == 1 && whole.index(ofSuite: "none") == nil)
        #expect(whole.position(of: other.cases[0].id) == whole.positions(ofSuite: 1)[0])
        #expect(whole.position(of: CaseID(suite: "none", name: "one")) == nil)
    }

    @Test("A sample that is told twice counts once")
    func twice() throws {
        let log = try temporary()
        let recorder = try RunRecorder(Self.suites, to: log)
        let finished = FinishedSample(
            id: Self.suites[0].cases[0].id, number: 1, sample: Sample(verdict: .passed, turns: []))
        for _ in 1...2 { try recorder.take(.sampleFinished(finished)) }
        #expect(try RecordedRun.read(log).run.suites[0].cases[0].samples == 1)
    }

    @Test("Lines longer than what is read at a time are read whole")
    func longLine() throws {
        let log = try temporary()
        let recorder = try RunRecorder(Self.suites, to: log)
        let text = String(repeating: "ä", count: 200_000)
        let turn = TurnResult(input: "q", answer: .said(text), outcomes: [])
        try recorder.take(
            .sampleFinished(
                FinishedSample(
                    id: Self.suites[0].cases[1].id, number: 1, sample: Sample(verdict: .passed, turns: [turn]))))
        #expect(try RecordedRun.read(log).shown[0].cases[1].samples[0].turns[0].answer.text == text)
    }
}
