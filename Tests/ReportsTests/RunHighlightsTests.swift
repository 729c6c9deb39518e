import Language
import Testing

@testable import Reports

@Suite("RunHighlights")
struct RunHighlightsTests {
    @Test("Of many cases the three slowest are named, in order; of a few none")
    func slowest() throws {
        let lines = try RunHighlights(of: LargeRun.recorded(cases: 40, longest: 10)).lines
        let times = (1...40).map { (200 + $0 * 7919 % 1800, $0) }.sorted { $0.0 > $1.0 }.prefix(3)
        let names = times.map { "large/case[row \($0.1)] \(Duration.milliseconds($0.0).spelled)" }
        #expect(lines == ["Slowest: \(names.joined(separator: ", "))."])
        #expect(try RunHighlights(of: LargeRun.recorded(cases: 6, longest: 10)).lines == [])
    }

    @Test("A case of which some samples passed is flaky, whatever its verdict")
    func flaky() throws {
        let lines = try RunHighlights(of: SampleRun().recorded).lines
        #expect(lines == ["Flaky: smoke/often (2 of 3 samples passed)."])
    }
}
