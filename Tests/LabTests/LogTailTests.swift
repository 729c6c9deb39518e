import Testing

@testable import Lab

@Suite struct LogTailTests {
    @Test("The last lines that say something come without colours")
    func lines() {
        #expect(LogTail.lastLines(2, of: "one\n\u{1B}[31mtwo\u{1B}[0m\n\n  \nthree\n") == "two\nthree")
    }
}
