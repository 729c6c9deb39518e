import Glibc
import Testing

@testable import drover

@Suite("Answers to questions", .timeLimit(.minutes(5)))
struct AnswerTests {
    @Test("Who interrupts at a question does not have to answer it first")
    func interrupted() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var looks = 0
        #expect(throws: CancellationError.self) {
            try Console.line(from: ends[0]) {
                looks += 1
                return looks > 1
            }
        }
    }

    @Test("An answer is a line, or what came before the end")
    func lines() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        Console.write("y\nmaybe", to: ends[1])
        close(ends[1])
        let lines = try (0..<3).map { _ in try Console.line(from: ends[0]) { false } }
        #expect(lines == ["y", "maybe", nil])
    }
}
