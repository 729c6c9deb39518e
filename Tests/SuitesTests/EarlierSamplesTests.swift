import Language
import Runtime
import Testing

@testable import Suites

@Suite("Samples of earlier runs")
struct EarlierSamplesTests {
    private static func suite(_ repetition: Repetition, _ thresholds: Thresholds = Thresholds()) -> TestSuite {
        let testCase = TestCase(
            id: CaseID(suite: "golden", name: "refund"), name: "refund", range: place(2),
            turns: [Turn(input: template("Hello"), inputRange: place(2))], repetition: repetition)
        return TestSuite(name: "golden", agent: "a", range: place(1), thresholds: thresholds, cases: [testCase])
    }

    /// The result of so many samples.
    private static func result(_ suite: TestSuite, _ verdicts: [SampleVerdict]) -> SuiteResult {
        var tally = SuiteTally(suite.cases.map { CaseTally($0.repetition, decides: true) })
        for verdict in verdicts { tally.take(Sample(verdict: verdict, turns: []), ofCase: 0) }
        return SuiteResult(
            suite: "golden", agent: "a", range: place(1), thresholds: suite.thresholds, tally, baseline: nil,
            elapsed: .seconds(1))
    }

    private static func earlier(
        _ runs: [[SampleVerdict]], ofSuite suite: String = "golden"
    ) throws -> EarlierSamples {
        var earlier = EarlierSamples()
        for run in runs {
            let samples = run.map { "{\"verdict\":\"\($0.rawValue)\",\"latency\":1}" }.joined(separator: ",")
            let text = """
                {"schema":"drover.verdicts/1","drover":"1","stack":"s","suite":"\(suite)","startedAt":"t","tables":{},
                 "cases":[{"id":"\(suite)/refund","verdict":"passed","samples":[\(samples)]}]}
                """
            earlier.add(try #require(VerdictsFile(Array(text.utf8))))
        }
        return earlier
    }

    @Test("Verdicts with numbers that cannot be are none")
    func impossibleVerdicts() {
        for (numbers, isRead) in [
            (#""latency":1,"tokens":9"#, true), (#""latency":9223372036854775807"#, false), (#""latency":-1"#, false),
            (#""latency":1,"tokens":9223372036854775807"#, false),
        ] {
            let text = """
                {"schema":"drover.verdicts/1","drover":"1","stack":"s","suite":"golden","startedAt":"t","tables":{},
                 "cases":[{"id":"golden/refund","verdict":"passed","samples":[{"verdict":"passed",\(numbers)}]}]}
                """
            #expect((VerdictsFile(Array(text.utf8)) != nil) == isRead, "\(numbers)")
        }
    }

    private static func verdict(
        _ repetition: Repetition, _ now: [SampleVerdict], after runs: [[SampleVerdict]],
        _ thresholds: Thresholds = Thresholds()
    ) throws -> Verdict {
        let suite = suite(repetition, thresholds)
        return result(suite, now).gateVerdict(of: suite, after: try earlier(runs))
    }

    private static func samples(_ passed: Int, _ failed: Int = 0, errors: Int = 0) -> [SampleVerdict] {
        Array(repeating: .passed, count: passed) + Array(repeating: .failed, count: failed)
            + Array(repeating: .error, count: errors)
    }

    @Test("Are counted together with those of a run: the share that must pass stays the same")
    func counted() throws {
        let most = Repetition(samples: 5, atLeast: 4)
        #expect(try Self.verdict(most, Self.samples(5), after: []) == .passed)
        #expect(try Self.verdict(most, Self.samples(3, 2), after: []) == .failed)
        #expect(try Self.verdict(most, Self.samples(3, 2), after: [Self.samples(5)]) == .passed)
        #expect(try Self.verdict(most, Self.samples(2, 3), after: [Self.samples(5)]) == .failed)
        #expect(try Self.verdict(most, Self.samples(5), after: [Self.samples(3, 2), Self.samples(3, 2)]) == .failed)
        #expect(try Self.verdict(.once, Self.samples(1), after: [Self.samples(0, 1)]) == .failed)
        #expect(try Self.verdict(.once, Self.samples(1), after: [Self.samples(0, errors: 1)]) == .passed)
    }

    @Test("Do not pass a run that found out nothing by itself")
    func unmeasured() throws {
        #expect(try Self.verdict(.once, Self.samples(0, errors: 1), after: [Self.samples(1)]) == .inconclusive)
        #expect(try Self.verdict(.once, Self.samples(0, errors: 1), after: [Self.samples(0, 1)]) == .failed)
        #expect(try Self.verdict(.once, Self.samples(1, errors: 1), after: [Self.samples(1)]) == .passed)
        let any = Thresholds(passRate: Located(0, at: place(3)))
        #expect(try Self.verdict(.once, Self.samples(0, errors: 1), after: [], any) == .inconclusive)
        #expect(try Self.verdict(.once, Self.samples(0, 1), after: [], any) == .passed)
        #expect(try Self.verdict(.once, Self.samples(0, 1), after: []) == .failed)
    }

    @Test("Say why a gate does not pass by all of them, also where its run alone would")
    func reasons() throws {
        let most = Self.suite(Repetition(samples: 5, atLeast: 4))
        var bad = try Self.earlier([Self.samples(2, 3)])
        let failed = "passRate: at least 1.0, and 0 of 1 cases passed"
        #expect(Self.result(most, Self.samples(5)).gateReasons(of: most, after: bad) == [failed])
        bad.miss(failures: 2)
        let unread = "of 2 failed samples of earlier runs the case cannot be read"
        #expect(Self.result(most, Self.samples(5)).gateReasons(of: most, after: bad) == [failed, unread])
        let any = Self.suite(.once, Thresholds(passRate: Located(0, at: place(3))))
        let silent = Self.result(any, Self.samples(0, errors: 1))
        #expect(
            silent.gateReasons(of: any, after: EarlierSamples())
                == ["no sample of a case that decides could be judged"])
        #expect(Self.result(any, Self.samples(1)).gateReasons(of: any, after: EarlierSamples()).isEmpty)
    }

    @Test("Limit how long a pass counts that a run does not come to by itself")
    func since() throws {
        let suite = Self.suite(Repetition(samples: 5, atLeast: 3))
        let earlier = try Self.earlier([Self.samples(5)])
        for (samples, since) in [
            (Self.samples(5), nil), (Self.samples(3, 2), nil), (Self.samples(2, errors: 3), "t"),
            (Self.samples(2, 3), "t"),
        ] {
            let standing = StandingEvidence(key: "k", earlier: earlier)
            let evidence = Evidence(Self.result(suite, samples), of: suite, standing, at: "u", run: "r")
            #expect(evidence.verdict == "passed" && evidence.since == since, "\(samples)")
        }
    }

    @Test("Count also where the suite was called otherwise, for all that decides is the same under one key")
    func renamed() throws {
        let suite = Self.suite(Repetition(samples: 5, atLeast: 4))
        let earlier = try Self.earlier([Self.samples(2, 3)], ofSuite: "silver")
        #expect(Self.result(suite, Self.samples(5)).gateVerdict(of: suite, after: earlier) == .failed)
    }

    @Test("Do not pass a run beside failures of which nobody knows the cases")
    func unseen() throws {
        let suite = Self.suite(Repetition(samples: 5, atLeast: 4))
        var earlier = EarlierSamples()
        earlier.miss(failures: 0)
        #expect(Self.result(suite, Self.samples(5)).gateVerdict(of: suite, after: earlier) == .passed)
        earlier.miss(failures: 1)
        #expect(Self.result(suite, Self.samples(5)).gateVerdict(of: suite, after: earlier) == .inconclusive)
        #expect(Self.result(suite, Self.samples(3, 2)).gateVerdict(of: suite, after: earlier) == .failed)
    }

    @Test("Give the verdict that stands, not that of the last run alone, which a failure under the key outlasts")
    func line() throws {
        let suite = Self.suite(Repetition(samples: 5, atLeast: 4))
        let result = Self.result(suite, Self.samples(5))
        var standing = StandingEvidence(key: "k", earlier: try Self.earlier([Self.samples(2, 3)]))
        #expect(result.line == "golden: passed, 1 passed, 0 failed, 0 inconclusive")
        #expect(result.line(of: suite, after: standing) == "golden: failed, 0 passed, 1 failed, 0 inconclusive")
        standing = StandingEvidence(key: "k", earlier: EarlierSamples())
        #expect(result.line(of: suite, after: standing) == result.line)
        standing.hasFailed = true
        #expect(result.line(of: suite, after: standing).hasPrefix("golden: failed, 1 passed"))
    }

    @Test("Decide a sequential test that one run alone cannot decide")
    func sequential() throws {
        let test = Repetition(SequentialTest(reliability: 0.95, unacceptable: 0.5, max: 3))
        #expect(try Self.verdict(test, Self.samples(3), after: []) == .inconclusive)
        #expect(try Self.verdict(test, Self.samples(3), after: [Self.samples(3)]) == .passed)
        #expect(try Self.verdict(test, Self.samples(1, 1), after: [Self.samples(3, 1)]) != .passed)
    }

    @Test("Count for nothing that a run must keep to by itself: its errors, and its time")
    func thresholds() throws {
        let errors = Thresholds(errorRate: Located(0.2, at: place(3)))
        let most = Repetition(samples: 5, atLeast: 3)
        #expect(try Self.verdict(most, Self.samples(3, errors: 2), after: [], errors) == .inconclusive)
        #expect(try Self.verdict(most, Self.samples(3, errors: 2), after: [Self.samples(5)], errors) == .inconclusive)
        #expect(try Self.verdict(most, Self.samples(5), after: [Self.samples(0, errors: 5)], errors) == .passed)
        let hurried = Thresholds(maxDuration: Located(.milliseconds(1), at: place(3)))
        #expect(try Self.verdict(most, Self.samples(5), after: [Self.samples(5)], hurried) == .inconclusive)
    }

    @Test("Are compared with the baseline together with those of a run")
    func noWorseThan() throws {
        let limit = Thresholds.NoWorseThan(margin: 0.2)
        let limits = Thresholds(
            passRate: Located(0, at: place(3)), noWorseThan: Located(limit, at: place(4)))
        let ids = (1...40).map { CaseID(suite: "golden", name: "case \($0)") }
        let before = Baseline.Case(verdict: .passed, passed: 1, failed: 0, errors: 0, latency: nil, tokens: nil)
        var tally = SuiteTally(
            ids.map { _ in CaseTally(.once, decides: true) }, before: ids.map { _ in before })
        for index in ids.indices { tally.take(Sample(verdict: .passed, turns: []), ofCase: index) }
        let result = SuiteResult(
            suite: "golden", agent: "a", range: place(1), thresholds: limits, tally,
            baseline: Baseline(name: "blessed", cases: [:]), elapsed: .seconds(1))
        #expect(result.verdict == .passed)
        let cases = ids.map { id in
            "{\"id\":\"\(id)\",\"verdict\":\"failed\",\"samples\":[{\"verdict\":\"failed\",\"latency\":1}]}"
        }
        let text = """
            {"schema":"drover.verdicts/1","drover":"1","stack":"s","suite":"golden","startedAt":"t","tables":{},
             "cases":[\(cases.joined(separator: ","))]}
            """
        var earlier = EarlierSamples()
        earlier.add(try #require(VerdictsFile(Array(text.utf8))))
        #expect(result.gateVerdict(of: ids, limits, after: EarlierSamples()) == .passed)
        #expect(result.gateVerdict(of: ids, limits, after: earlier) == .failed)
    }
}
