import Language
import Runtime
import Testing

@testable import Suites

@Suite("SuiteRunner", .timeLimit(.minutes(20)))
struct SuiteRunnerTests {
    static let today = CalendarDay("2026-06-01")

    func runner(
        _ runtime: ScriptedRuntime, clock: TestClock.Behaviour = .standingStill, concurrency: Int = 4,
        failsFast: Bool = false
    ) throws -> SuiteRunner {
        SuiteRunner(
            runtime: runtime, clock: TestClock(behaviour: clock), today: try #require(Self.today),
            concurrency: concurrency, failsFast: failsFast
        ) { name in
            guard name != "missing" else { throw Diagnostic("no-agent", "No agent", detail: "None.") }
            guard name != "mistaken" else {
                throw Diagnostics(["One.", "Two."].map { Diagnostic("bad-field", "Bad field", detail: $0) })
            }
            return AgentDefinition(name: name, model: "m", instructions: "")
        }
    }

    func testCase(
        _ name: String, suite: String = "golden", expect: String = #"{"contains": "yes"}"#, retryErrors: Int = 0,
        repetition: Repetition = .once, quarantine: Quarantine? = nil
    ) throws -> TestCase {
        TestCase(
            id: CaseID(suite: suite, name: name), name: name, range: place(1),
            turns: [
                Turn(input: template(name), inputRange: place(2), expectations: [try expectation(expect)])
            ],
            retryErrors: retryErrors, repetition: repetition, quarantine: quarantine)
    }

    func suite(_ cases: [TestCase], agent: String = "a", thresholds: Thresholds = Thresholds()) -> TestSuite {
        TestSuite(
            name: cases.first?.id.suite ?? "golden", agent: agent, range: place(1), thresholds: thresholds, cases: cases
        )
    }

    @Test("What the model's server puts off is put again, spends no retries, and counts as latency")
    func putOff() async throws {
        var busy = Answer(status: .failed, error: "Rate limit reached.")
        busy.putOff = Answer.PutOff(wait: .milliseconds(2))
        var changed = busy
        changed.toolCalls = [Answer.ToolCall(name: "buy", tool: "buy", arguments: [:])]
        let runtime = ScriptedRuntime([
            "often": [.answer(busy), .answer(busy), .answer(busy), .answer(.said("yes"))],
            "changed": [.answer(changed), .answer(.said("yes"))],
        ])
        let runner = SuiteRunner(
            runtime: runtime, today: try #require(Self.today), concurrency: 1,
            effects: ToolEffects(reading: [], changing: ["buy"])
        ) { AgentDefinition(name: $0, model: "m", instructions: "") }
        let results = try await runner.run([suite(try ["often", "changed"].map { try testCase($0) })])
        let cases = try #require(results.first?.cases)
        #expect(cases.map(\.verdict) == [.passed, .inconclusive])
        #expect(cases[0].samples.map(\.attempts) == [1] && cases[0].samples[0].latency >= .milliseconds(6))
        #expect(runtime.log.questions == ["often", "often", "often", "often", "changed"])
    }

    @Test("Results stand in declaration order, whichever case ends first")
    func order() async throws {
        let runtime = ScriptedRuntime([
            "one": [.after(2, .said("yes"))], "two": [.after(1, .said("no"))], "three": [.answer(.said("yes"))],
        ])
        let cases = try ["one", "two", "three"].map { try testCase($0) }
        let results = try await runner(runtime).run([suite(cases)])
        #expect(results.first?.cases.map(\.id.description) == ["golden/one", "golden/two", "golden/three"])
        #expect(results.first?.cases.map(\.verdict) == [.passed, .failed, .passed])
        #expect(results.first?.verdict == .failed)
    }

    @Test("As many conversations as allowed are open at a time, over all suites, and never more")
    func concurrency() async throws {
        let names = (1...12).map { "case \($0)" }
        let runtime = ScriptedRuntime(
            Dictionary(uniqueKeysWithValues: names.map { ($0, [.meeting(of: 3, .said("yes"))]) }))
        let suites = try names.enumerated().map { suite([try testCase($1, suite: "suite-\($0)")]) }
        let results = try await runner(runtime, concurrency: 3).run(suites)
        #expect(results.map(\.verdict) == Array(repeating: .passed, count: 12))
        #expect(runtime.log.mostOpen == 3)
        #expect(runtime.log.conversations == 12)
    }

    @Test("An error is tried again as often as allowed, a wrong answer never")
    func retries() async throws {
        let problem = Diagnostic("server-error", "Server error", detail: "503")
        let runtime = ScriptedRuntime([
            "flaky": [.error(problem), .error(problem), .answer(.said("yes"))],
            "broken": [.error(problem)],
            "wrong": [.answer(.said("no")), .answer(.said("yes"))],
        ])
        let cases = try ["flaky", "broken", "wrong"].map { try testCase($0, retryErrors: 2) }
        let results = try await runner(runtime).run([suite(cases)])
        let samples = try #require(results.first).cases.map { $0.samples[0] }
        #expect(samples.map(\.verdict) == [.passed, .error, .failed])
        #expect(samples.map(\.attempts) == [3, 3, 1])
        #expect(samples[1].problem == problem)
        #expect(results.first?.cases.map(\.verdict) == [.passed, .inconclusive, .failed])
    }

    @Test("What was spent on attempts that were repeated counts, and what is not known of them is open")
    func spentOnRetries() async throws {
        var failed = Answer(status: .failed, usage: Answer.Usage(input: 7, output: 1))
        failed.error = "overloaded"
        let runtime = ScriptedRuntime([
            "told": [.answer(failed), .answer(failed), .answer(.said("yes"))],
            "broken": [.error(Diagnostic("server-error", "Server error", detail: "503")), .answer(.said("yes"))],
        ])
        let cases = try ["told", "broken"].map { try testCase($0, retryErrors: 2) }
        let samples = try #require(try await runner(runtime).run([suite(cases)]).first).cases.map { $0.samples[0] }
        #expect(samples.map(\.verdict) == [.passed, .passed])
        #expect(samples.map(\.spent.known) == [31, 15] && samples.map(\.spent.isAll) == [true, false])
    }

    @Test("After the first failure nothing more is begun, and the rest says why; quarantine and errors do not stop it")
    func failFast() async throws {
        let runtime = ScriptedRuntime([
            "broken": [.error(Diagnostic("server-error", "Server error", detail: "503"))],
            "ill": [.answer(.said("no"))], "wrong": [.answer(.said("no"))], "later": [.answer(.said("yes"))],
        ])
        let day = try #require(Self.today)
        let cases = try [
            testCase("broken"), testCase("ill", quarantine: Quarantine(until: day, reason: "r", range: place(3))),
            testCase("wrong", repetition: Repetition(samples: 3, atLeast: 2)), testCase("later"),
        ]
        let other = suite([try testCase("later", suite: "other")])
        let results = try await runner(runtime, concurrency: 1, failsFast: true).run([suite(cases), other])
        #expect(results.first?.cases.map { $0.samples.count } == [1, 1, 2, 0])
        #expect(results.first?.verdict == .failed && results.last?.verdict == .inconclusive)
        let left = [results[0].cases[2], results[0].cases[3], results[1].cases[0]]
        #expect(
            left.allSatisfy { $0.notRun?.code == "stopped-early" && $0.notRun?.detail.contains("golden/wrong") == true }
        )
    }

    @Test("A conversation that called what changes something is not held again, and says why; one that only read is")
    func effects() async throws {
        let problem = Diagnostic("server-error", "Server error", detail: "It broke.")
        let read = Answer.ToolCall(name: "look", tool: "catalog", arguments: [:])
        let bought = Answer.ToolCall(name: "buy", tool: "shop", arguments: [:])
        let runtime = ScriptedRuntime([
            "buy": [.broken([.toolStarted(name: "buy")], problem)],
            "bought": [.broken([.toolFinished(bought)], problem)],
            "ask": [.broken([.delegated(tool: "helper", .toolStarted(name: "buy"))], problem)],
            "read": [.broken([.toolFinished(read)], problem), .answer(.said("yes"))],
        ])
        let effects = ToolEffects(reading: ["catalog", "helper"], changing: ["shop"])
        let runner = SuiteRunner(
            runtime: runtime, clock: TestClock(behaviour: .standingStill), today: try #require(Self.today),
            effects: effects
        ) { AgentDefinition(name: $0, model: "m", instructions: "") }
        let cases = try ["buy", "bought", "ask", "read"].map { try testCase($0, retryErrors: 2) }
        let results = try await runner.run([suite(cases)])
        let samples = try #require(results.first).cases.map { $0.samples[0] }
        #expect(samples.map(\.attempts) == [1, 1, 1, 2])
        #expect(samples.map(\.verdict) == [.error, .error, .error, .passed])
        #expect(
            samples[0].problem?.detail
                == "It broke. It was not tried again, because `buy` was called, which may have changed something.")
    }

    @Test("What the server does not tell is an error, and is not asked again")
    func unobservable() async throws {
        let runtime = ScriptedRuntime(["q": [.answer(.said("yes", usage: nil))]])
        let cases = [try testCase("q", expect: #"{"tokens": {"total": 9}}"#, retryErrors: 5)]
        let results = try await runner(runtime).run([suite(cases)])
        #expect(results.first?.verdict == .inconclusive)
        #expect(runtime.log.conversations == 1)
    }

    @Test("A conversation that outlives its time-out is an error that keeps the turns it had")
    func timeout() async throws {
        let runtime = ScriptedRuntime(["silence": [.silence]])
        let results = try await runner(runtime, clock: .rushing).run([suite([try testCase("silence")])])
        let sample = try #require(results.first?.cases.first?.samples.first)
        #expect(sample.verdict == .error)
        #expect(sample.problem?.code == "case-timeout")
        #expect(results.first?.verdict == .inconclusive)
    }

    @Test("A turn that the server reports as failed is an error, unless the spec expects it")
    func failedTurn() async throws {
        let failed = Answer(status: .failed, error: "no such model")
        let runtime = ScriptedRuntime(["a": [.answer(failed)], "b": [.answer(failed)], "c": [.answer(failed)]])
        let cases = [
            try testCase("a", expect: #"{"contains": "yes"}"#, retryErrors: 1),
            try testCase("b", expect: #"{"status": "failed"}"#),
            try testCase("c", expect: #"{"any": [{"status": "failed"}, {"contains": "yes"}]}"#),
        ]
        let results = try await runner(runtime).run([suite(cases)])
        #expect(results.first?.cases.map(\.verdict) == [.inconclusive, .passed, .passed])
        #expect(results.first?.cases.first?.samples.first?.problem?.code == "turn-failed")
        #expect(results.first?.cases.first?.samples.first?.attempts == 2)
    }

    @Test("Only an expectation that names how a turn ended lets it end so: to forbid another end does not")
    func namedStatus() async throws {
        let (failed, silent) = (Answer(status: .failed, error: "503"), Answer(status: .incomplete))
        let expectations = [
            #"{"not": {"status": "incomplete"}}"#, #"{"not": {"status": "failed"}}"#, #"{"status": "completed"}"#,
            #"{"any": [{"status": "incomplete"}, {"noTool": true}]}"#,
            #"{"not": {"all": [{"status": "completed"}, {"contains": "yes"}]}}"#,
            #"{"not": {"status": "completed"}}"#, #"{"any": [{"contains": "yes"}, {"not": {"status": "completed"}}]}"#,
        ]
        let runtime = ScriptedRuntime(
            Dictionary(
                uniqueKeysWithValues: expectations.indices.map { ("\($0)", [.answer(failed), .answer(silent)]) }))
        let cases = try expectations.enumerated().map { try testCase("\($0)", expect: $1) }
        let failures = try await runner(runtime, concurrency: 1).run([suite(cases)]).first?.cases.map(\.verdict)
        #expect(failures == Array(repeating: .inconclusive, count: 5) + [.passed, .passed])
        let silences = try await runner(runtime, concurrency: 1).run([suite(cases)]).first?.cases.map(\.verdict)
        #expect(silences == [.failed, .failed, .failed, .passed, .failed, .passed, .passed])
    }

    @Test("A turn without a message fails, whatever else is expected")
    func noMessage() async throws {
        let runtime = ScriptedRuntime(["a": [.answer(Answer(status: .completed))]])
        let results = try await runner(runtime).run([suite([try testCase("a", expect: #"{"noTool": true}"#)])])
        let outcomes = try #require(results.first?.cases.first?.samples.first?.turns.first).outcomes
        #expect(outcomes.map(\.name) == ["answer", "noTool"])
        #expect(results.first?.verdict == .failed)
    }

    @Test("Captured values go into later questions and expectations")
    func captures() async throws {
        let runtime = ScriptedRuntime([
            "open": [.answer(.said(#"{"ticketId": 7, "note": "order 4411"}"#))],
            "state of 7 and 4411?": [.answer(.said("7 is open"))],
        ])
        let turns = [
            Turn(
                input: template("open"), inputRange: place(1),
                captures: [
                    Capture(name: "ticket", range: place(2), source: .jsonPath(try JSONPath("$.ticketId"))),
                    Capture(name: "order", range: place(3), source: .matches(try Pattern("order ([0-9]+)"))),
                ]),
            Turn(
                input: template("state of ${capture.ticket} and ${capture.order}?"), inputRange: place(4),
                expectations: [try expectation(#"{"startsWith": "${capture.ticket}"}"#)]),
        ]
        let talk = TestCase(id: CaseID(suite: "golden", name: "talk"), name: "talk", range: place(1), turns: turns)
        let results = try await runner(runtime).run([suite([talk])])
        #expect(results.first?.verdict == .passed)
        #expect(runtime.log.questions == ["open", "state of 7 and 4411?"])
        #expect(runtime.log.conversations == 1)
    }

    @Test("An answer without what must be captured fails, and the conversation ends there")
    func missingCapture() async throws {
        let runtime = ScriptedRuntime(["open": [.answer(.said("Sorry."))]])
        let capture = Capture(name: "ticket", range: place(2), source: .jsonPath(try JSONPath("$.ticketId")))
        let turns = [
            Turn(input: template("open"), inputRange: place(1), captures: [capture]),
            Turn(input: template("state of ${capture.ticket}?"), inputRange: place(3)),
        ]
        let talk = TestCase(id: CaseID(suite: "golden", name: "talk"), name: "talk", range: place(1), turns: turns)
        let results = try await runner(runtime).run([suite([talk])])
        #expect(results.first?.cases.first?.verdict == .failed)
        #expect(runtime.log.questions == ["open"])
    }

    @Test("When it is cancelled, what is finished is kept and the rest is not run")
    func cancellation() async throws {
        let runtime = ScriptedRuntime([
            "done": [.answer(.said("yes"))], "hangs": [.silence], "waits": [.answer(.said("yes"))],
        ])
        let cases = try ["done", "hangs", "waits"].map { try testCase($0) }
        let runner = try runner(runtime, concurrency: 1)
        let suites = [suite(cases)]
        let results = try await withThrowingTaskGroup(of: [Shown].self) { group in
            group.addTask { try await runner.run(suites) }
            try await runtime.wait { $0.questions.contains("hangs") }
            group.cancelAll()
            return try await group.next() ?? []
        }
        let result = try #require(results.first)
        #expect(result.cases.map(\.samples.count) == [1, 0, 0])
        #expect(result.cases.map { $0.notRun?.code.name } == [nil, "interrupted", "interrupted"])
        #expect(result.verdict == .inconclusive)
        #expect(!runtime.log.questions.contains("waits"))
    }

    @Test("An agent that cannot be found makes all cases of its suite errors, and others run")
    func missingAgent() async throws {
        let runtime = ScriptedRuntime(["q": [.answer(.said("yes"))]])
        let suites = [
            suite([try testCase("q", suite: "lost")], agent: "missing"), suite([try testCase("q")]),
        ]
        let results = try await runner(runtime).run(suites)
        #expect(results.map(\.verdict) == [.inconclusive, .passed])
        #expect(results.first?.cases.first?.samples.first?.problem?.code == "no-agent")
    }

    @Test("Mistakes of the spec that leave a suite without its agent are told as they are, all of them")
    func mistakenAgent() async throws {
        let runtime = ScriptedRuntime(["q": [.answer(.said("yes"))]])
        let results = try await runner(runtime).run([suite([try testCase("q")], agent: "mistaken")])
        let problem = try #require(results.first?.cases.first?.samples.first?.problem)
        #expect(problem.code == "bad-field" && problem.detail == "One.")
        #expect(problem.address?.hasPrefix("suites.") == true, "It says for which suite the agent was looked up.")
        #expect(problem.notes.map(\.text) == ["Also: Two."])
    }

    @Test("Events come in order and tell everything once")
    func events() async throws {
        let runtime = ScriptedRuntime(["a": [.answer(.said("yes"))], "b": [.answer(.said("no"))]])
        var log: [String] = []
        try await runner(runtime, concurrency: 1).run([suite([try testCase("a"), try testCase("b")])]) { event in
            switch event {
            case .started(let samples): log.append("started \(samples)")
            case .sampleStarted(let id): log.append("+ \(id)")
            case .sampleFinished(let finished): log.append("- \(finished.id) \(finished.sample.verdict)")
            case .caseFinished(let id, let verdict, _): log.append("case \(id) \(verdict)")
            case .suiteFinished(let result): log.append("suite \(result.suite) \(result.verdict)")
            }
        }
        #expect(
            log == [
                "started 2", "+ golden/a", "- golden/a passed", "case golden/a passed", "+ golden/b",
                "- golden/b failed", "case golden/b failed", "suite golden failed",
            ])
    }
}
