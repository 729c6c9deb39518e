import Language
import Testing

@Suite("Reading")
struct ReadingTests {
    /// The lines of what is wrong with a text.
    private func lines<Value>(_ text: String, _ reading: Reading<Value>) throws -> [UInt32] {
        var problems = Problems()
        _ = reading.read(try node(text), reporting: &problems)
        #expect(problems.diagnostics.allSatisfy { $0.code == "out-of-range" })
        return problems.diagnostics.compactMap { $0.subject?.start.line }
    }

    @Test("A number that JSON does not have is refused at its place")
    func infinite() throws {
        let text = "a: 1.5\nb: .inf\nc: [1,\n  .nan, {x: -.inf}]\n"
        #expect(
            try lines(text, .data) == [2, 4, 4] && lines(text, .map) == [2, 4, 4] && lines(text, .mapNode) == [2, 4, 4])
        #expect(try lines(".inf", .number()) == [1] && lines("-.inf", .number(maximum: 1)) == [1])
        #expect(try lines(".nan", .number(minimum: 0, maximum: 1)) == [1] && lines("1e308", .number()) == [])
    }
}
