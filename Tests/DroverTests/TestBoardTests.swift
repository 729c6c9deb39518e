import Language
import Runtime
import Suites
import Testing

@testable import drover

@Suite("Progress of a run of suites")
struct TestBoardTests {
    private static let start = ContinuousClock.now
    private static let range = SourceRange(
        source: SourceID(index: 0), start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))

    private func id(_ number: Int) -> CaseID {
        CaseID(suite: "golden", name: "case", variant: "[row \(number)]")
    }

    private func failed(_ number: Int, _ reason: String) -> SuiteEvent {
        let answer = Answer(status: .completed, text: "a", hasMessage: true, latency: .seconds(1))
        let outcome = AssertionOutcome(
            name: "contains", claim: "contains `b`", range: Self.range, result: .failed(Mismatch(reason)))
        let turn = TurnResult(input: "q", answer: answer, outcomes: [outcome])
        return .sampleFinished(
            FinishedSample(id: id(number), number: 1, sample: Sample(verdict: .failed, turns: [turn])))
    }

    @Test("The running samples stand above a bar with what is done, what failed, the rate and the time that is left")
    func live() {
        var board = TestBoard(start: Self.start)
        _ = board.take(.started(samples: 10), at: Self.start)
        for number in 1...4 { _ = board.take(.sampleStarted(id(number)), at: Self.start + .seconds(number)) }
        for number in 1...2 {
            _ = board.take(failed(number, "No."), at: Self.start + .seconds(5))
            _ = board.take(.caseFinished(id(number), .failed, notRun: nil), at: Self.start + .seconds(5))
        }
        let bar = "  ████░░░░░░░░░░░░░░░░ 2 of 10 samples, 2 cases failed, 8.0 s, 0.3/s, 32.0 s left"
        #expect(
            board.lines(at: Self.start + .seconds(8), room: 12) == [
                "  golden/case[row 3], 5.0 s", "  golden/case[row 4], 4.0 s", bar,
            ])
        #expect(board.lines(at: Self.start + .seconds(8), room: 2) == ["  … and 2 more", bar])
    }

    @Test("The first that fail are told with their reasons, the others are counted; nothing controls the terminal")
    func first() {
        var board = TestBoard(start: Self.start)
        var told: [String] = []
        for number in 1...20 {
            _ = board.take(failed(number, "It is\n\u{1B}[2J \(number)."), at: Self.start)
            told += [board.take(.caseFinished(id(number), .failed, notRun: nil), at: Self.start)].compactMap(\.self)
        }
        #expect(told.count == 10)
        #expect(told.first == "✗ golden/case[row 1]: It is \\u{1B}[2J 1.")
        #expect(told.last?.hasSuffix("10.\nWhat else does not pass is counted, and told at the end.") == true)
        _ = board.take(failed(30, "No."), at: Self.start)
        #expect(board.take(.caseFinished(id(30), .passed, notRun: nil), at: Self.start) == nil)
    }

    @Test("Without a terminal the counter comes with each tenth, at most once a second, or after ten seconds")
    func counter() {
        var board = TestBoard(start: Self.start)
        _ = board.take(.started(samples: 100), at: Self.start)
        #expect(board.dueCounter(at: Self.start + .seconds(20)) == nil)
        for number in 1...9 { _ = board.take(failed(number, "No."), at: Self.start) }
        #expect(board.dueCounter(at: Self.start + .seconds(2)) == nil)
        _ = board.take(failed(10, "No."), at: Self.start)
        #expect(board.dueCounter(at: Self.start + .milliseconds(500)) == nil)
        #expect(board.dueCounter(at: Self.start + .seconds(2)) == "10 of 100 samples, 2.0 s, 5.0/s, 18.0 s left")
        #expect(board.dueCounter(at: Self.start + .seconds(3)) == nil)
        _ = board.take(failed(11, "No."), at: Self.start)
        #expect(board.dueCounter(at: Self.start + .seconds(11)) == nil)
        #expect(board.dueCounter(at: Self.start + .seconds(12)) != nil)
    }
}
