import Language
import Runtime
import Testing

@testable import Suites

/// How many samples are taken of a case, what decides with them, and what they spend.
extension SuiteRunnerTests {
    @Test("Repeated samples are counted: enough passes, too many failures, or neither")
    func repetition() async throws {
        let problem = Diagnostic("server-error", "Server error", detail: "503")
        let (yes, no) = (ScriptedRuntime.Reply.answer(.said("yes")), ScriptedRuntime.Reply.answer(.said("no")))
        let runtime = ScriptedRuntime([
            "enough": [yes, no, yes], "few": [no, no, yes], "unknown": [yes, .error(problem), no],
        ])
        let wanted = Repetition(samples: 3, atLeast: 2)
        let cases = try ["enough", "few", "unknown"].map { try testCase($0, repetition: wanted) }
        let results = try await runner(runtime, concurrency: 1).run([suite(cases)])
        #expect(results.first?.cases.map(\.verdict) == [.passed, .failed, .inconclusive])
        #expect(results.first?.cases.map(\.samples.count) == [3, 3, 3])
    }

    @Test(
        "A sequential test takes samples one by one until it decides, and an error is no evidence", arguments: [1, 4])
    func sequential(concurrency: Int) async throws {
        let problem = Diagnostic("server-error", "Server error", detail: "503")
        let (yes, no) = (ScriptedRuntime.Reply.answer(.said("yes")), ScriptedRuntime.Reply.answer(.said("no")))
        let runtime = ScriptedRuntime([
            "good": Array(repeating: yes, count: 5) + [.error(problem)] + Array(repeating: yes, count: 20),
            "bad": [yes, no, no, yes, yes], "broken": Array(repeating: .error(problem), count: 20),
        ])
        let test = Repetition(SequentialTest(reliability: 0.95, unacceptable: 0.7, max: 20))
        let cases = try ["good", "bad", "broken"].map { try testCase($0, repetition: test) }
        let results = try await runner(runtime, concurrency: concurrency).run([suite(cases)])
        let result = try #require(results.first)
        #expect(result.cases.map(\.verdict) == [.passed, .failed, .inconclusive])
        // α is divided over three cases: 14 passes decide. The broken one ends where not even failures could decide any more.
        #expect(result.cases.map(\.samples.count) == [15, 3, 19])
        #expect(result.cases.map { $0.notRun == nil } == [true, true, true])
        #expect(result.cases[0].samples.map(\.verdict).firstIndex(of: .error) == 5)
        #expect(result.verdict == .failed)
        #expect(runtime.log.questions.count == 37)
    }

    @Test("A case in quarantine runs and does not decide; past its day it is not run, and the suite is inconclusive")
    func quarantine() async throws {
        let runtime = ScriptedRuntime(["ok": [.answer(.said("yes"))], "ill": [.answer(.said("no"))]])
        func ill(until day: String) throws -> TestCase {
            let quarantine = Quarantine(until: try #require(CalendarDay(day)), reason: "flaky", range: place(9))
            return try testCase("ill", quarantine: quarantine)
        }
        let holding = try await runner(runtime).run([suite([try testCase("ok"), try ill(until: "2026-06-01")])])
        #expect(holding.first?.verdict == .passed)
        #expect(holding.first?.cases.last?.verdict == .failed)
        let over = try await runner(runtime).run([suite([try testCase("ok"), try ill(until: "2026-05-31")])])
        #expect(over.first?.verdict == .inconclusive)
        #expect(over.first?.cases.last?.notRun?.code == "quarantine-over")
    }

    @Test("A spent budget of tokens stops the suite, which is then inconclusive")
    func budget() async throws {
        let runtime = ScriptedRuntime([
            "a": [.answer(.said("yes"))], "b": [.answer(.said("yes"))], "c": [.answer(.said("yes"))],
        ])
        let thresholds = Thresholds(totalTokens: Located(20, at: place(5)))
        let cases = try ["a", "b", "c"].map { try testCase($0) }
        let results = try await runner(runtime, concurrency: 1).run([suite(cases, thresholds: thresholds)])
        #expect(results.first?.verdict == .inconclusive)
        #expect(results.first?.cases.map { $0.notRun?.code.name } == [nil, nil, "budget-spent"])
    }

    @Test("Attempts that the server refused have spent nothing; those that broke off may have spent anything")
    func refused() async throws {
        var refusal = Diagnostic("server-busy", "Busy", detail: "The server is busy.", cause: .unavailable)
        refusal.isRefusal = true
        let runtime = ScriptedRuntime([
            "a": [.error(refusal), .answer(.said("yes"))],
            "b": [.broken([.text("ye")], refusal), .answer(.said("yes"))], "c": [.error(refusal)],
        ])
        func tokens(_ name: String, retryErrors: Int) async throws -> Int? {
            let cases = [try testCase(name, retryErrors: retryErrors)]
            return try await runner(runtime, concurrency: 1).run([suite(cases)]).first?.suite.tokens
        }
        #expect(try await tokens("a", retryErrors: 1) == 15)
        #expect(try await tokens("b", retryErrors: 1) == nil)
        #expect(try await tokens("c", retryErrors: 0) == 0)
    }
}
