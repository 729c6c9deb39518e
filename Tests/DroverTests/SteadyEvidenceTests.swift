import Language
import Testing

@testable import Suites
@testable import drover

@Suite("What a run tests stays the same")
struct SteadyEvidenceTests {
    private func end(of suite: String) -> SuiteEvent {
        let place = SourcePosition(line: 1, column: 1)
        let range = SourceRange(source: SourceID(index: 0), start: place, end: place)
        return .suiteFinished(
            SuiteResult(
                suite: suite, agent: "a", range: range, thresholds: Thresholds(), SuiteTally([]), baseline: nil,
                elapsed: .zero))
    }

    @Test("Only evidence that a change would take away is held, and of all it is known what has changed")
    func held() {
        let steady = SteadyEvidence(keys: ["a": "1", "b": "1"], present: ["a", "b"], changed: [])
        let isHeld = steady.holds(end(of: "a")) { _ in false }
        let isFailureHeld = steady.holds(end(of: "b")) { _ in true }
        let isOtherHeld = steady.holds(end(of: "c")) { _ in false }
        #expect(isHeld && !isFailureHeld && !isOtherHeld)
        #expect(steady.ended == ["a", "b"])
        #expect(steady.settle(["a": "2", "b": "2"]) == ["a", "b"] && steady.changed == ["a", "b"])
        #expect(steady.released.map(\.suite) == ["a"] && steady.released.isEmpty)
    }

    @Test("Whoever has interrupted does not wait for servers that do not answer; else there is no limit")
    func bounded() async throws {
        let over = try await Interruption.bounding(by: .zero, isInterrupted: { true }) {
            try await Task.sleep(for: .seconds(60))
            return 1
        }
        #expect(over == nil)
        let done = try await Interruption.bounding(by: .zero, isInterrupted: { false }) { 2 }
        #expect(done == 2)
    }
}
