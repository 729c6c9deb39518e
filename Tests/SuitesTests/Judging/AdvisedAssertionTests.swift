import Language
import Runtime
import Testing

@testable import Suites

@Suite("Assertions that ask")
struct AdvisedAssertionTests {
    private struct Echo: FunctionHandler {
        let output: String

        func call(_ arguments: Value) async throws -> String {
            if output == "the input" { return arguments.canonicalJSON }
            return output
        }
    }

    private func outcome(
        _ spec: String, of answer: Answer, _ advisers: Advisers, judges: [String: Judge] = [:]
    ) async throws -> AssertionOutcome {
        let known = KnownExpectation(try expectation(spec)) { _ in nil }
        let turn = AnsweredTurn(input: "How long?", answer: answer, expectations: [known], outcomes: [], captured: [:])
        let feedback = try await advisers.feedback(
            turn.inquiries, about: JudgedTurn(question: "How long?", answer: answer), judges: judges,
            within: .test())
        return try #require(turn.result(feedback).outcomes.first)
    }

    private func program(_ output: String) -> Advisers {
        Advisers(program: { _ in Echo(output: output) })
    }

    @Test(
        "A program's verdict decides; what is no verdict is an error",
        arguments: [
            (#"{"pass": true}"#, "passed"), (#"{"pass": true, "reason": "ok", "score": 0.9}"#, "passed"),
            (#"{"pass": false, "reason": "too rude"}"#, "failed"), ("", "error"), ("yes", "error"), ("[true]", "error"),
            (#"{"pass": true, "pass": false}"#, "error"),
            (#"{"pass": "true"}"#, "error"), (#"{"passes": true}"#, "error"),
            (#"{"pass": true, "reason": 1}"#, "error"),
            (#"{"pass": true} {"pass": true}"#, "error"), (#"{"pass": true, "pass": false}"#, "error"),
            (#"{"pass": true, "score": 1, "p\u0061ss": true}"#, "error"),
        ])
    func programs(output: String, result: String) async throws {
        let outcome = try await outcome(#"{"exec": {"command": ["./check"]}}"#, of: .said("a"), program(output))
        #expect(outcome.result.word == result)
        if output.contains("rude") {
            guard case .failed(let mismatch) = outcome.result else { return }
            #expect(mismatch.reason == "The program `./check` finds the answer bad: too rude.")
        }
    }

    @Test("A program reads the answer as JSON")
    func input() async throws {
        let outcome = try await outcome(
            #"{"exec": {"command": ["./check"]}}"#, of: .said("30 days"), program("the input"))
        #expect(
            outcome.result
                == .error("The program `./check` gave no verdict: its verdict has no `pass` that is true or false."))
        let read = JudgedTurn(question: "How long?", answer: .said("30 days")).programInput
        #expect(read["answer"] == "30 days")
        #expect(read["question"] == "How long?")
        #expect(read["tokens"] == ["input": 10, "output": 5, "total": 15])
    }

    @Test("Programs that are not allowed are not run")
    func notAllowed() async throws {
        let outcome = try await outcome(#"{"exec": {"command": ["./check"]}}"#, of: .said("a"), .none)
        #expect(outcome.result.word == "error")
    }

    @Test(
        "An answer is similar from a cosine on",
        arguments: [
            (#"{"similar": "a"}"#, [1.0, 0], [1.0, 0], "passed"), (#"{"similar": "a"}"#, [1, 0], [0, 1], "failed"),
            (#"{"similar": {"text": "a", "atLeast": 0.7}}"#, [1, 0], [3, 3], "passed"),
            (#"{"similar": {"text": "a", "atLeast": 0.71}}"#, [1, 0], [3, 3], "failed"),
            (#"{"similar": "a"}"#, [0, 0], [1, 0], "error"), (#"{"similar": "a"}"#, [1], [1, 0], "error"),
            (#"{"not": {"similar": "a"}}"#, [1, 0], [0, 1], "passed"),
        ])
    func similar(spec: String, expected: [Double], actual: [Double], result: String) async throws {
        let advisers = Advisers(embed: { _, texts in texts.map { $0 == "a" ? expected : actual } })
        #expect(try await outcome(spec, of: .said("b"), advisers).result.word == result)
    }

    @Test("An empty answer is similar to nothing, and no model is asked; `raw` asks about the text as it came")
    func embedded() async throws {
        let advisers = Advisers(embed: { model, texts in
            #expect(model == "embedder")
            #expect(texts.map { Array($0.unicodeScalars).count } == [4, 5])
            return [[1], [1]]
        })
        let spec = #"{"similar": {"text": "caf\u00e9", "model": "embedder"}, "raw": true}"#
        #expect(try await outcome(spec, of: .said(""), advisers).result.word == "failed")
        #expect(try await outcome(spec, of: .said("cafe\u{301}"), advisers).result.word == "passed")
    }

    @Test("A judge decides in groups, too, and its votes are in the outcome")
    func judged() async throws {
        let advisers = Advisers(judges: ScriptedJudge([fail]))
        let judges = ["grounded": judge()]
        let alone = try await outcome(#"{"judge": "grounded"}"#, of: .said("a"), advisers, judges: judges)
        guard case .failed(let mismatch) = alone.result else {
            Issue.record("The judge found it bad.")
            return
        }
        #expect(mismatch.reason == "The judge `grounded` finds the answer bad: It is made up.")
        #expect(alone.ballots.map(\.judge) == ["grounded"])
        let grouped = try await outcome(
            #"{"any": [{"contains": "b"}, {"not": {"judge": "grounded"}}]}"#, of: .said("a"), advisers, judges: judges)
        #expect(grouped.result == .passed)
        #expect(grouped.ballots.count == 1)
        let unknown = try await outcome(#"{"judge": "kind"}"#, of: .said("a"), advisers, judges: judges)
        #expect(unknown.result.word == "error")
        let marks = try await outcome(
            #"{"judge": {"name": "grounded", "atLeast": 3}}"#, of: .said("a"), advisers, judges: judges)
        #expect(marks.result == .error("`atLeast` asks for a mark, and the judge `grounded` has no `scale`."))
    }

    @Test("What a server marks as a refusal is one, and words are not", arguments: [true, false])
    func refuses(wanted: Bool) throws {
        var refusal = Answer.said("I can't help with that.")
        let spec = try expectation(#"{"refuses": \#(wanted)}"#)
        #expect((try spec.evaluate(Observation(refusal)) == .passed) == !wanted)
        refusal.refuses = true
        #expect((try spec.evaluate(Observation(refusal)) == .passed) == wanted)
        refusal.refuses = nil
        #expect(throws: Unobservable.self) { try spec.evaluate(Observation(refusal)) }
    }

    @Test("A regular expression that backtracks without end is given up")
    func endless() throws {
        let pattern = try Pattern("(a+)+c")
        let text = String(repeating: "a", count: 22) + "b"
        #expect(throws: Unobservable.self) { try pattern.firstMatch(in: text, within: .milliseconds(50)) }
        // Others are searched for meanwhile.
        #expect(try Pattern("a+b").firstMatch(in: text, within: .seconds(10))?.first == text)
    }
}

extension AssertionOutcome.Result {
    var word: String {
        switch self {
        case .passed: "passed"
        case .failed: "failed"
        case .error: "error"
        }
    }
}
