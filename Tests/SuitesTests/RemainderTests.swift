import Language
import Runtime
import Testing

@testable import Suites

@Suite("What is missing beside samples that stand")
struct RemainderTests {
    private static let wald = SequentialTest(reliability: 0.95, unacceptable: 0.5, alpha: 0.1, max: 6)

    private static func testCase(
        _ name: String, _ repetition: Repetition = .once, quarantine: Quarantine? = nil
    ) throws -> TestCase {
        let turn = Turn(
            input: template(name), inputRange: place(2), expectations: [try expectation(#"{"contains": "yes"}"#)])
        return TestCase(
            id: CaseID(suite: "golden", name: name), name: name, range: place(1), turns: [turn],
            repetition: repetition, quarantine: quarantine)
    }

    private static func suite(_ cases: [TestCase], _ thresholds: Thresholds = Thresholds()) -> TestSuite {
        TestSuite(name: "golden", agent: "a", range: place(1), thresholds: thresholds, cases: cases)
    }

    /// - Parameter cases: The verdicts of the samples of each: `p`, `f` and `e`.
    private static func earlier(
        _ cases: [String: String], at: String = "2026-06-01T08:00:00Z", to known: EarlierSamples = EarlierSamples()
    ) throws -> EarlierSamples {
        let verdicts: [Character: String] = ["p": "passed", "f": "failed", "e": "error"]
        let listed = cases.map { name, samples in
            let each = samples.map { #"{"verdict":"\#(verdicts[$0] ?? "")","latency":1}"# }.joined(separator: ",")
            return #"{"id":"golden/\#(name)","verdict":"inconclusive","samples":[\#(each)]}"#
        }
        let text = """
            {"schema":"drover.verdicts/1","drover":"1","stack":"s","suite":"golden","startedAt":"\(at)","tables":{},
             "cases":[\(listed.joined(separator: ","))]}
            """
        var earlier = known
        earlier.add(try #require(VerdictsFile(Array(text.utf8))))
        return earlier
    }

    private static func runner(_ runtime: ScriptedRuntime) throws -> SuiteRunner {
        SuiteRunner(runtime: runtime, today: try #require(CalendarDay("2026-06-01"))) {
            AgentDefinition(name: $0, model: "m", instructions: "")
        }
    }

    private typealias Reply = ScriptedRuntime.Reply

    private static func answering(_ names: String..., with text: String = "yes") -> ScriptedRuntime {
        ScriptedRuntime(Dictionary(names.map { ($0, [Reply.answer(.said(text))]) }) { first, _ in first })
    }

    private static func mixed() throws -> TestSuite {
        suite([
            try testCase("known"), try testCase("open"), try testCase("most", Repetition(samples: 5, atLeast: 4)),
            try testCase("test", Repetition(wald)), try testCase("unreached"),
        ])
    }

    @Test("Is all that is asked, and counts with what stands, also in the log of the run")
    func asked() async throws {
        let runtime = Self.answering("known", "open", "most", "test", "unreached")
        let earlier = try Self.earlier(["known": "p", "open": "e", "most": "pppee", "test": "ppp"])
        let rest = try Self.mixed().asking(after: earlier)
        #expect(rest.isRemainder && rest.cases.map(\.repetition.wanted) == [0, 1, 2, 6, 1])
        #expect(rest.cases.map(\.repetition.expected) == [0, nil, 2, 1, nil])
        let shown = try #require(try await Self.runner(runtime).run([rest]).first)
        #expect(runtime.log.questions.sorted() == ["most", "most", "open", "test", "unreached"])
        #expect(shown.cases.map(\.samples.count) == [0, 1, 2, 1, 1])
        #expect(shown.cases.allSatisfy { $0.verdict == .passed } && shown.verdict == .passed)
        #expect(shown.suite.gateVerdict(of: rest, after: earlier) == .passed)
        let standing = StandingEvidence(key: "k", earlier: earlier)
        let evidence = Evidence(shown.suite, of: rest, standing, at: "2026-06-02T08:00:00Z", run: "r")
        #expect(evidence.samples == Evidence.Samples(passed: 5, failed: 0, errors: 0))
        #expect(evidence.since == "2026-06-01T08:00:00Z" && Evidence(evidence.text) == evidence)
    }

    @Test("A wrong answer fails the case beside what passed, and with it the gate")
    func failed() async throws {
        let runtime = Self.answering("most", with: "no")
        let earlier = try Self.earlier(["most": "ppp"])
        let rest = Self.suite([try Self.testCase("most", Repetition(samples: 5, atLeast: 4))]).asking(after: earlier)
        let shown = try #require(try await Self.runner(runtime).run([rest]).first)
        #expect(runtime.log.questions.count == 2 && shown.verdict == .failed)
        #expect(shown.suite.gateVerdict(of: rest, after: earlier) == .failed)
    }

    @Test("Does not pass by samples that stood when it began, and do not any more")
    func gone() async throws {
        let lenient = Thresholds(passRate: Located(0.5, at: place(3)))
        let whole = Self.suite([try Self.testCase("known"), try Self.testCase("open")], lenient)
        let earlier = try Self.earlier(["known": "p", "open": "e"])
        let rest = whole.asking(after: earlier)
        let shown = try #require(try await Self.runner(Self.answering("open")).run([rest]).first)
        #expect(shown.suite.gateVerdict(of: rest, after: earlier) == .passed)
        #expect(shown.suite.gateVerdict(of: rest, after: EarlierSamples()) == .inconclusive)
        let gone = shown.suite.gateReasons(of: rest, after: EarlierSamples())
        #expect(gone == ["1 case stood by samples of earlier runs that do not count any more"])
        #expect(shown.suite.gateVerdict(of: rest, after: try Self.earlier(["open": "e"])) == .inconclusive)
    }

    @Test("Is the whole suite where no case lacks any, and where it limits what a run as a whole comes to")
    func whole() throws {
        let cases = [try Self.testCase("known"), try Self.testCase("open")]
        let (all, some) = (try Self.earlier(["known": "p", "open": "f"]), try Self.earlier(["known": "p"]))
        #expect(!Self.suite(cases).asking(after: all).isRemainder)
        #expect(!Self.suite(cases).asking(after: EarlierSamples()).isRemainder)
        #expect(Self.suite(cases).asking(after: some).isRemainder)
        for limits in [
            Thresholds(errorRate: Located(0.1, at: place(3))),
            Thresholds(latencyP95: Located(.seconds(1), at: place(3))),
            Thresholds(totalTokens: Located(1000, at: place(3))),
            Thresholds(maxDuration: Located(.seconds(60), at: place(3))),
        ] {
            #expect(!Self.suite(cases, limits).asking(after: some).isRemainder)
        }
        let rate = Thresholds(passRate: Located(1, at: place(3)))
        #expect(Self.suite(cases, rate).asking(after: some).isRemainder)
    }

    @Test("A quarantine that is over keeps the gate open, though its case has samples")
    func quarantined() async throws {
        let over = Quarantine(until: try #require(CalendarDay("2026-05-31")), reason: "flaky", range: place(4))
        let cases = [try Self.testCase("known", quarantine: over), try Self.testCase("open")]
        let earlier = try Self.earlier(["known": "p", "open": "e"])
        let rest = Self.suite(cases).asking(after: earlier)
        let shown = try #require(try await Self.runner(Self.answering("open", "known")).run([rest]).first)
        #expect(shown.cases.first?.notRun?.code == "quarantine-over")
        #expect(shown.suite.gateVerdict(of: rest, after: earlier) == .inconclusive)
        let decided = try Self.earlier(["open": "p"])
        #expect(!Self.suite(cases).asking(after: decided).isRemainder, "Nothing that decides is missing.")
    }

    @Test("What passes beside earlier samples counts no longer than the oldest of them")
    func age() {
        var passed = Evidence(
            suite: "golden", key: "k", samples: Evidence.Samples(passed: 1, failed: 0, errors: 0), attempts: 1,
            at: "2026-06-01T12:00:00Z", run: "r", verdict: "passed")
        func decision() -> GateDecision {
            // 2026-06-02T00:00:00Z.
            GateDecision(of: [passed], maxAge: .seconds(86_400), rerun: .changed, now: 1_780_358_400)
        }
        #expect(decision() == .passed(passed))
        passed.since = "2026-06-01T00:00:00Z"
        #expect(decision() == .passed(passed))
        passed.since = "2026-05-31T23:59:59Z"
        #expect(decision() == .run)
    }
}
